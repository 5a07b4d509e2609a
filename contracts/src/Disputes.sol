// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ChainOfTitle} from "./ChainOfTitle.sol";
import {TitleRegistry} from "./TitleRegistry.sol";

/// @title Notice, answer and ruling.
/// @notice A notice with a bond keeps a title's money where it is. Silence stops its sales too, and a late answer cures
/// that. Only the arbiter's ruling moves a title's money; where the arbiter is silent the notice lapses. The bond of a
/// wrong notice goes into the title's purse, to all holders alike, so that nobody can win their own bond back.
contract Disputes {
    /// @notice Where a case stands.
    enum State {
        None,
        Noticed,
        Answered,
        Upheld,
        Dismissed,
        Lapsed
    }

    /// @notice One notice and what became of it.
    /// @param title The title.
    /// @param due The last second for the answer, then for the ruling.
    /// @param state Where it stands.
    /// @param ground What the notice says is wrong, by number.
    /// @param claimant Who gave it.
    /// @param bond What the claimant put down.
    /// @param respondent Who answered.
    struct Case {
        uint160 title;
        uint40 due;
        State state;
        uint8 ground;
        address claimant;
        uint96 bond;
        address respondent;
    }

    /// @notice Somebody disputes a title.
    /// @param id The case.
    /// @param title The title.
    /// @param claimant Who.
    /// @param ground What the notice says is wrong, by number.
    /// @param evidence sha2-256 digest of the evidence's root block.
    /// @param bond What the claimant put down.
    /// @param due The last second for the answer.
    event Noticed(
        uint256 indexed id,
        uint256 indexed title,
        address indexed claimant,
        uint8 ground,
        bytes32 evidence,
        uint256 bond,
        uint40 due
    );

    /// @notice The notice is answered.
    /// @param id The case.
    /// @param title The title.
    /// @param respondent Who answered.
    /// @param evidence sha2-256 digest of the evidence's root block.
    /// @param bond What the respondent put down.
    /// @param due The last second for the ruling, after which anyone may let the case lapse.
    event Answered(
        uint256 indexed id,
        uint256 indexed title,
        address indexed respondent,
        bytes32 evidence,
        uint256 bond,
        uint40 due
    );

    /// @notice Somebody concerned adds evidence.
    /// @param id The case.
    /// @param title The title.
    /// @param who The claimant, a holder, or who acts for the title.
    /// @param evidence sha2-256 digest of the evidence's root block.
    event Pleaded(uint256 indexed id, uint256 indexed title, address indexed who, bytes32 evidence);

    /// @notice The case is over.
    /// @param id The case.
    /// @param title The title.
    /// @param state How it ended.
    /// @param reasons sha2-256 digest of the arbiter's reasons; zero without a ruling.
    event Closed(uint256 indexed id, uint256 indexed title, State state, bytes32 reasons);

    /// @notice Somebody collected bonds.
    /// @param who Whose they are.
    /// @param amount How much.
    event Collected(address indexed who, uint256 amount);

    /// @notice The caller may not do this.
    /// @param caller Who called.
    error NotAllowed(address caller);

    /// @notice The registry expects its disputes at another address.
    /// @param found Where this contract is.
    /// @param expected Where the registry expects it.
    error Misplaced(address found, address expected);

    /// @notice No notice is taken of a title that stands so.
    /// @param title The title.
    /// @param found How it stands.
    error Frozen(uint256 title, ChainOfTitle.Status found);

    /// @notice The bond is not what came.
    /// @param found What came.
    /// @param expected The bond.
    error BadBond(uint256 found, uint256 expected);

    /// @notice The case does not stand as this needs.
    /// @param id The case.
    /// @param found Where it stands.
    error BadState(uint256 id, State found);

    /// @notice The time for this has not come.
    /// @param found The time.
    /// @param due The second after which it is possible.
    error TooEarly(uint256 found, uint256 due);

    /// @notice There is nothing to collect.
    error Nothing();

    /// @notice The receiver did not take its money.
    /// @param to The receiver.
    error NotTaken(address to);

    /// @notice How long an answer may take.
    uint40 public constant ANSWER = 14 days;

    /// @notice How long a ruling may take.
    uint40 public constant RULING = 30 days;

    /// @notice The part of a purse that a notice must put down: one in so many.
    uint256 public constant PART = 20;

    /// @notice Where the titles are.
    TitleRegistry public immutable TITLES;

    /// @notice Who rules.
    address public immutable ARBITER;

    /// @notice The least bond of a notice, and the bond of every answer.
    uint96 public immutable BOND;

    /// @notice All cases by number.
    Case[] public cases;

    /// @notice How many cases of a title are open.
    mapping(uint256 title => uint256) public live;

    /// @notice What somebody may collect.
    mapping(address who => uint256) public owed;

    /// @param titles Where the titles are; the registry must name this contract as its disputes.
    /// @param arbiter Who rules.
    /// @param bond The least bond, more than nothing.
    constructor(TitleRegistry titles, address arbiter, uint96 bond) {
        if (bond == 0) revert BadBond(0, 1);
        if (titles.DISPUTES() != address(this)) revert Misplaced(address(this), titles.DISPUTES());
        (TITLES, ARBITER, BOND) = (titles, arbiter, bond);
    }

    /// @notice The bond of a notice: a twentieth of the native money that a title's purse holds, at least BOND.
    /// @param title The title.
    /// @return The amount.
    function bondFor(uint256 title) public view returns (uint96) {
        (uint128 paidIn, uint128 paidOut) = TITLES.purses(title, address(0));
        uint256 part = (paidIn - paidOut) / PART;
        if (part > type(uint96).max) return type(uint96).max;
        return part > BOND ? uint96(part) : BOND;
    }

    /// @notice Disputes a title. What comes beyond the bond may be collected again.
    /// @param title The title.
    /// @param ground What is wrong, by number.
    /// @param evidence sha2-256 digest of the evidence's root block.
    /// @return id The case.
    function notice(uint256 title, uint8 ground, bytes32 evidence) external payable returns (uint256 id) {
        ChainOfTitle.Status status = TITLES.statusOf(title);
        if (status == ChainOfTitle.Status.None || status == ChainOfTitle.Status.Void) revert Frozen(title, status);
        uint96 bond = bondFor(title);
        if (msg.value < bond) revert BadBond(msg.value, bond);
        if (msg.value > bond) owed[msg.sender] += msg.value - bond;
        id = cases.length;
        uint40 due = uint40(block.timestamp) + ANSWER;
        cases.push(Case(uint160(title), due, State.Noticed, ground, msg.sender, bond, address(0)));
        ++live[title];
        emit Noticed(id, title, msg.sender, ground, evidence, bond, due);
        if (status == ChainOfTitle.Status.Clear) TITLES.mark(title, ChainOfTitle.Status.Contested, address(0));
    }

    /// @notice Answers a notice, in time or late, for the title or as any of its holders, with BOND.
    /// @param id The case.
    /// @param evidence sha2-256 digest of the evidence's root block.
    function answer(uint256 id, bytes32 evidence) external payable {
        Case storage dispute = _open(id);
        if (dispute.state != State.Noticed) revert BadState(id, dispute.state);
        uint256 title = dispute.title;
        if (!_defends(title, msg.sender)) revert NotAllowed(msg.sender);
        if (msg.value != BOND) revert BadBond(msg.value, BOND);
        uint40 due = uint40(block.timestamp) + RULING;
        (dispute.state, dispute.respondent, dispute.due) = (State.Answered, msg.sender, due);
        emit Answered(id, title, msg.sender, evidence, BOND, due);
        if (TITLES.statusOf(title) == ChainOfTitle.Status.Suspended) {
            TITLES.mark(title, ChainOfTitle.Status.Contested, address(0));
        }
    }

    /// @notice Adds evidence to an open case: the claimant may, every holder, and who acts for the title.
    /// @param id The case.
    /// @param evidence sha2-256 digest of the evidence's root block.
    function plead(uint256 id, bytes32 evidence) external {
        Case storage dispute = _open(id);
        if (msg.sender != dispute.claimant && !_defends(dispute.title, msg.sender)) revert NotAllowed(msg.sender);
        emit Pleaded(id, dispute.title, msg.sender, evidence);
    }

    /// @notice Stops the sales of a title whose notice was not answered in time. Anyone may.
    /// @param id The case.
    function suspend(uint256 id) external {
        Case storage dispute = _open(id);
        if (dispute.state != State.Noticed) revert BadState(id, dispute.state);
        _verifyPast(dispute.due);
        ChainOfTitle.Status status = TITLES.statusOf(dispute.title);
        if (status != ChainOfTitle.Status.Contested) revert Frozen(dispute.title, status);
        TITLES.mark(dispute.title, ChainOfTitle.Status.Suspended, address(0));
    }

    /// @notice Rules an answered case, or one whose answer is late. Upheld: both bonds and what the title's purse holds
    /// are the claimant's, and the title is void. Dismissed: the claimant's bond goes into the title's purse.
    /// @param id The case.
    /// @param upheld Whether the notice was right.
    /// @param reasons sha2-256 digest of the reasons' root block.
    function rule(uint256 id, bool upheld, bytes32 reasons) external {
        if (msg.sender != ARBITER) revert NotAllowed(msg.sender);
        Case storage dispute = _open(id);
        bool isAnswered = dispute.state == State.Answered;
        if (!isAnswered) _verifyPast(dispute.due);
        if (!upheld) {
            _dismiss(id, reasons);
            return;
        }
        owed[dispute.claimant] += isAnswered ? uint256(dispute.bond) + BOND : dispute.bond;
        _close(id, State.Upheld, reasons);
    }

    /// @notice Ends a case that nobody ruled in time; the bonds go back. Anyone may.
    /// @param id The case.
    function lapse(uint256 id) external {
        Case storage dispute = _open(id);
        bool isAnswered = dispute.state == State.Answered;
        _verifyPast(isAnswered ? dispute.due : dispute.due + RULING);
        owed[dispute.claimant] += dispute.bond;
        if (isAnswered) owed[dispute.respondent] += BOND;
        _close(id, State.Lapsed, 0);
    }

    /// @notice Takes a notice back; its bond goes into the title's purse.
    /// @param id The case.
    function drop(uint256 id) external {
        Case storage dispute = _open(id);
        if (msg.sender != dispute.claimant) revert NotAllowed(msg.sender);
        _dismiss(id, 0);
    }

    /// @notice Pays somebody the bonds that are theirs, whoever asks.
    /// @param who Whose they are.
    function collect(address who) external {
        uint256 amount = owed[who];
        if (amount == 0) revert Nothing();
        owed[who] = 0;
        emit Collected(who, amount);
        if (!LowLevelCall.callNoReturn(who, amount, "")) revert NotTaken(who);
    }

    function _open(uint256 id) private view returns (Case storage dispute) {
        if (id >= cases.length) revert BadState(id, State.None);
        dispute = cases[id];
        if (dispute.state != State.Noticed && dispute.state != State.Answered) revert BadState(id, dispute.state);
    }

    function _verifyPast(uint256 due) private view {
        if (block.timestamp <= due) revert TooEarly(block.timestamp, due);
    }

    function _defends(uint256 title, address who) private view returns (bool) {
        return TITLES.can(title, who) || TITLES.balanceOf(who, title) != 0;
    }

    /// @dev The respondent's bond goes back, the claimant's into the purse with the case's number as its memo.
    function _dismiss(uint256 id, bytes32 reasons) private {
        Case storage dispute = cases[id];
        (uint256 title, uint256 bond) = (dispute.title, dispute.bond);
        if (dispute.state == State.Answered) owed[dispute.respondent] += BOND;
        _close(id, State.Dismissed, reasons);
        TITLES.credit{value: bond}(title, address(0), bytes32(id));
    }

    /// @dev With the last open case the title is clear again; with one fewer a suspension ends, and may be renewed.
    function _close(uint256 id, State state, bytes32 reasons) private {
        Case storage dispute = cases[id];
        uint256 title = dispute.title;
        dispute.state = state;
        uint256 left = --live[title];
        emit Closed(id, title, state, reasons);
        ChainOfTitle.Status status = TITLES.statusOf(title);
        if (status == ChainOfTitle.Status.Void) return;
        if (state == State.Upheld) TITLES.mark(title, ChainOfTitle.Status.Void, dispute.claimant);
        else if (left == 0) TITLES.mark(title, ChainOfTitle.Status.Clear, address(0));
        else if (status == ChainOfTitle.Status.Suspended) TITLES.mark(title, ChainOfTitle.Status.Contested, address(0));
    }
}
