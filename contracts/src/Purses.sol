// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ChainOfTitle} from "./ChainOfTitle.sol";
import {FilmPurse} from "./FilmPurse.sol";

/// @title The titles' money: what came in, what each share has coming, what went out.
/// @notice A payment costs the same whatever the number of holders; each holder's part is pulled, by anyone for them.
/// A title may itself hold shares, and its part then goes on to its own purse.
abstract contract Purses is ChainOfTitle, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice One title's money in one currency.
    /// @param paidIn All that ever came in, at most 2^112 - 1.
    /// @param paidOut All that ever went out.
    struct Purse {
        uint128 paidIn;
        uint128 paidOut;
    }

    /// @notice Money of this kind is not taken here.
    /// @param token The currency.
    error BadToken(address token);

    /// @notice There is nothing to move.
    error Nothing();

    /// @notice No purse holds so much.
    /// @param found What would have come in, all told.
    /// @param limit What may.
    error PurseFull(uint256 found, uint256 limit);

    /// @notice The receiver did not take its money.
    /// @param to The receiver.
    error NotTaken(address to);

    /// @notice The shares of every title: one share is one basis point of its money.
    uint256 public constant WHOLE = 10_000;

    /// @notice Keccak-256 of FilmPurse's creation code, from which the titles' ids follow.
    bytes32 public constant PURSE_CODE = keccak256(type(FilmPurse).creationCode);

    /// @notice The first currency beside the native one; zero for none.
    address public immutable TOKEN1;
    /// @notice The second currency beside the native one; zero for none.
    address public immutable TOKEN2;
    /// @notice The third currency beside the native one; zero for none.
    address public immutable TOKEN3;

    /// @notice A title's money by currency.
    mapping(uint256 title => mapping(address token => Purse)) public purses;

    /// @dev What a holder's shares have coming less `claimable`, times WHOLE.
    mapping(uint256 title => mapping(address token => mapping(address holder => int256))) internal debts;

    /// @notice Who gets what is left in the purse of a void title.
    mapping(uint256 title => address) public successor;

    /// @notice What all purses together hold of a currency; never more than the registry has.
    mapping(address token => uint256) public reserves;

    constructor(address[3] memory tokens) {
        (TOKEN1, TOKEN2, TOKEN3) = (tokens[0], tokens[1], tokens[2]);
    }

    /// @notice Takes native currency from the films' own addresses alone, while they are swept. To pay a film, send to
    /// its address or call `credit`.
    receive() external payable {
        if (!_reentrancyGuardEntered()) revert NotAllowed(msg.sender);
    }

    /// @notice The id of a title, which is the address that its money may be sent to, now and before it is registered.
    /// @param creator Who registers it.
    /// @param content sha2-256 digest of the film's root block.
    /// @return The title.
    function idOf(address creator, bytes32 content) public view returns (uint256) {
        return uint160(Create2.computeAddress(_salt(creator, content), PURSE_CODE));
    }

    /// @notice Whether money of this kind is taken.
    /// @param token The currency; the zero address is the native one.
    /// @return True for the native currency and the three of the registry.
    function accepts(address token) public view returns (bool) {
        return token == address(0) || token == TOKEN1 || token == TOKEN2 || token == TOKEN3;
    }

    /// @notice Credits to a title whatever arrived here since the last credit. Native currency comes with the call;
    /// a token is sent first, in the same transaction. Nothing but a memo is an entry too.
    /// @param title The title.
    /// @param token The currency; the zero address is the native one.
    /// @param memo What it is for.
    /// @return amount What was credited.
    function credit(uint256 title, address token, bytes32 memo) external payable nonReentrant returns (uint256 amount) {
        return _credit(title, token, msg.sender, memo);
    }

    /// @notice Brings in what was sent to a film's own address, making its purse there the first time.
    /// @param creator Who registered the title.
    /// @param content sha2-256 digest of the film's root block.
    /// @param token The currency; the zero address is the native one.
    /// @return amount What was credited.
    function sweep(address creator, bytes32 content, address token) external nonReentrant returns (uint256 amount) {
        uint256 title = idOf(creator, content);
        address purse = address(uint160(title));
        if (purse.code.length == 0) new FilmPurse{salt: _salt(creator, content)}();
        FilmPurse(payable(purse)).pull(token);
        return _credit(title, token, purse, 0);
    }

    /// @notice What a holder has coming.
    /// @param title The title.
    /// @param token The currency; the zero address is the native one.
    /// @param holder The holder.
    /// @return The amount, rounded down; what is left of a unit stays the holder's.
    function claimable(uint256 title, address token, address holder) public view returns (uint256) {
        uint256 due = uint256(purses[title][token].paidIn) * _sharesOf(title, holder);
        return uint256(int256(due) - debts[title][token][holder]) / WHOLE;
    }

    /// @notice Pays a holder, whoever asks. A title that holds shares gets its part into its own purse.
    /// @param title The title, which must be undisputed.
    /// @param token The currency; the zero address is the native one.
    /// @param holder The holder.
    /// @return amount What was paid.
    function withdraw(uint256 title, address token, address holder) external nonReentrant returns (uint256 amount) {
        Status status = titles[title].status;
        if (status != Status.Clear) revert Frozen(title, status);
        amount = claimable(title, token, holder);
        debts[title][token][holder] += int256(amount * WHOLE);
        _payOut(title, token, holder, amount);
    }

    /// @notice Pays what is left in the purse of a void title to its successor, whoever asks.
    /// @param title The title.
    /// @param token The currency; the zero address is the native one.
    /// @return amount What was paid.
    function redeem(uint256 title, address token) external nonReentrant returns (uint256 amount) {
        Status status = titles[title].status;
        if (status != Status.Void) revert Frozen(title, status);
        Purse memory purse = purses[title][token];
        amount = purse.paidIn - purse.paidOut;
        _payOut(title, token, successor[title], amount);
    }

    /// @dev The shares that an account holds of a title.
    function _sharesOf(uint256 title, address holder) internal view virtual returns (uint256);

    /// @dev Moves nobody's claims when shares move: what they earned so far stays with the one who gives them away.
    function _settle(uint256 title, address from, address to, uint256 shares) internal {
        _settleIn(title, address(0), from, to, shares);
        if (TOKEN1 != address(0)) _settleIn(title, TOKEN1, from, to, shares);
        if (TOKEN2 != address(0)) _settleIn(title, TOKEN2, from, to, shares);
        if (TOKEN3 != address(0)) _settleIn(title, TOKEN3, from, to, shares);
    }

    function _settleIn(uint256 title, address token, address from, address to, uint256 shares) private {
        uint256 paid = purses[title][token].paidIn;
        if (paid == 0) return;
        int256 due = int256(paid * shares);
        debts[title][token][from] -= due;
        debts[title][token][to] += due;
    }

    function _credit(uint256 title, address token, address payer, bytes32 memo) private returns (uint256 amount) {
        if (titles[title].status == Status.None) revert Unknown(title);
        if (!accepts(token)) revert BadToken(token);
        uint256 held = token == address(0) ? address(this).balance : IERC20(token).balanceOf(address(this));
        amount = held - reserves[token];
        if (amount == 0 && memo == 0) revert Nothing();
        reserves[token] = held;
        _enter(title, token, payer, memo, amount);
    }

    function _enter(uint256 title, address token, address payer, bytes32 memo, uint256 amount) private {
        Purse storage purse = purses[title][token];
        uint256 sum = purse.paidIn + amount;
        // Below 2^112 no product with shares comes near the ends of an int256.
        if (sum > type(uint112).max) revert PurseFull(sum, type(uint112).max);
        purse.paidIn = uint128(sum);
        _fold(title, abi.encode(Credited.selector, payer, memo, token, amount, _time()));
        emit Credited(title, payer, memo, token, amount, _time());
    }

    function _payOut(uint256 title, address token, address to, uint256 amount) private {
        if (amount == 0) revert Nothing();
        purses[title][token].paidOut += uint128(amount);
        _fold(title, abi.encode(Withdrawn.selector, to, token, amount, _time()));
        emit Withdrawn(title, to, token, amount, _time());
        if (titles[uint160(to)].status != Status.None) {
            _enter(uint160(to), token, address(uint160(title)), 0, amount);
            return;
        }
        reserves[token] -= amount;
        if (token != address(0)) IERC20(token).safeTransfer(to, amount);
        else if (!LowLevelCall.callNoReturn(to, amount, "")) revert NotTaken(to);
    }

    function _salt(address creator, bytes32 content) private pure returns (bytes32) {
        return keccak256(abi.encode(creator, content));
    }
}
