// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Purses} from "./Purses.sol";
import {Signatures} from "./Signatures.sol";

/// @title The chain of title and the purse of every film.
/// @notice A title is an ERC-1155 id with 10,000 shares. Its id is also an address: money sent there is the film's, and
/// it may hold shares of other titles. No owner, no proxy, no pause.
contract TitleRegistry is ERC1155, IERC2981, EIP712, Purses {
    /// @notice What a creator registers, and signs when somebody else carries it here.
    /// @param creator Who registers; the first controller.
    /// @param content sha2-256 digest of the film's root block.
    /// @param metadata sha2-256 digest of the block that describes the film (dag-cbor).
    /// @param fingerprint Digest of what the film is recognised by.
    /// @param codec Multicodec of the root block: 0x55 raw, 0x70 dag-pb, 0x71 dag-cbor.
    /// @param royalty What a resale owes the film, in basis points.
    /// @param deadline The last second at which somebody else may carry it here.
    /// @param holders Who holds it, at most 64.
    /// @param shares What each holds; together 10,000.
    struct Deed {
        address creator;
        bytes32 content;
        bytes32 metadata;
        bytes32 fingerprint;
        uint8 codec;
        uint16 royalty;
        uint256 deadline;
        address[] holders;
        uint16[] shares;
    }

    /// @notice Holders' votes for another controller.
    /// @param title The title.
    /// @param to Who shall control it.
    /// @param deadline The last second at which the votes count.
    /// @param voters Holders, in ascending order.
    /// @param signatures Their signatures over Elect, in the same order.
    /// @param silent Titles that hold shares of this one, in ascending order: they cannot vote, so their shares do not
    /// count towards the whole.
    struct Election {
        uint256 title;
        address to;
        uint256 deadline;
        address[] voters;
        bytes[] signatures;
        uint256[] silent;
    }

    /// @notice This creator has registered this content.
    /// @param title The title.
    error Exists(uint256 title);

    /// @notice The time for this is over.
    /// @param found The time.
    /// @param deadline The last second at which it was possible.
    error Expired(uint256 found, uint256 deadline);

    /// @notice The number of holders, or of signatures, is not as it must be.
    /// @param found How many there are.
    /// @param expected How many there must be, or may be at most.
    error BadCount(uint256 found, uint256 expected);

    /// @notice The shares do not sum to the whole.
    /// @param found Their sum.
    /// @param expected The whole.
    error BadShares(uint256 found, uint256 expected);

    /// @notice This account cannot hold shares of this title, or none of nothing.
    /// @param holder The account.
    error BadHolder(address holder);

    /// @notice More than the whole price.
    /// @param found The royalty.
    /// @param limit What it may be at most.
    error BadRoyalty(uint256 found, uint256 limit);

    /// @notice The accounts do not ascend, or one is named twice.
    /// @param account Where it was found.
    error OutOfOrder(address account);

    /// @notice The votes are not more than half.
    /// @param found Shares that voted.
    /// @param votable Shares that could.
    error NoMajority(uint256 found, uint256 votable);

    /// @notice How many holders a deed may name.
    uint256 public constant MAX_HOLDERS = 64;

    bytes32 private constant DEED = keccak256(
        "Deed(address creator,bytes32 content,bytes32 metadata,bytes32 fingerprint,uint8 codec,uint16 royalty,uint256 deadline,address[] holders,uint16[] shares)"
    );
    bytes32 private constant ELECT =
        keccak256("Elect(uint256 title,address from,address to,uint32 tenure,uint256 deadline)");

    /// @notice The contract that alone changes how titles stand.
    address public immutable DISPUTES;

    /// @notice The last second of somebody's delegation, by tenure; `can` reads it.
    mapping(uint256 title => mapping(uint32 tenure => mapping(address who => uint40 until))) public delegates;

    /// @param disputes The contract that alone changes how titles stand, by its address to be.
    /// @param tokens The currencies beside the native one; zero for none.
    constructor(address disputes, address[3] memory tokens)
        ERC1155("")
        EIP712("CinepeerTitles", "1")
        Purses(tokens)
    {
        DISPUTES = disputes;
    }

    /// @notice Registers a title. Anyone may carry a creator's signed deed; a creator who calls needs no signature.
    /// @param deed What is registered.
    /// @param signature The creator's, over Deed; empty when the creator calls.
    /// @return title The title.
    function register(Deed calldata deed, bytes calldata signature) external returns (uint256 title) {
        if (msg.sender != deed.creator) _verifyDeed(deed, signature);
        title = idOf(deed.creator, deed.content);
        if (titles[title].status != Status.None) revert Exists(title);
        if (deed.royalty > WHOLE) revert BadRoyalty(deed.royalty, WHOLE);
        _begin(title, deed);
        _share(title, deed.holders, deed.shares);
    }

    /// @notice Describes a film anew.
    /// @param title The title.
    /// @param metadata sha2-256 digest of the block that describes the film (dag-cbor).
    function amend(uint256 title, bytes32 metadata) external {
        if (!can(title, msg.sender)) revert NotAllowed(msg.sender);
        titles[title].metadata = metadata;
        _fold(title, abi.encode(Amended.selector, metadata, _time()));
        emit Amended(title, metadata, _time());
        emit URI(uri(title), title);
    }

    /// @notice Whether somebody acts for a title: its controller, or a delegate of this tenure.
    /// @param title The title.
    /// @param who The account.
    /// @return True when they may amend and sell.
    function can(uint256 title, address who) public view returns (bool) {
        Title storage held = titles[title];
        if (held.status == Status.None) return false;
        return held.controller == who || delegates[title][held.tenure][who] >= block.timestamp;
    }

    /// @notice Lets somebody act for the controller, or takes that back.
    /// @param title The title.
    /// @param who The delegate.
    /// @param until The last second of it; zero takes it back.
    function delegate(uint256 title, address who, uint40 until) external {
        if (titles[title].controller != msg.sender) revert NotAllowed(msg.sender);
        delegates[title][titles[title].tenure][who] = until;
        _fold(title, abi.encode(Delegated.selector, who, until, _time()));
        emit Delegated(title, who, until, _time());
    }

    /// @notice Gives control away; delegations end with it.
    /// @param title The title.
    /// @param to Who shall control it.
    function handOver(uint256 title, address to) external {
        if (titles[title].controller != msg.sender) revert NotAllowed(msg.sender);
        _control(title, to);
    }

    /// @notice Holders of more than half of the shares that can vote replace the controller. Anyone may carry it here.
    /// @param election The votes.
    function elect(Election calldata election) external {
        if (block.timestamp > election.deadline) revert Expired(block.timestamp, election.deadline);
        uint256 votes = _votes(election);
        uint256 votable = WHOLE - _silent(election);
        if (votes * 2 <= votable) revert NoMajority(votes, votable);
        _control(election.title, election.to);
    }

    /// @notice Changes how a title stands; only Disputes does, and void is for good.
    /// @param title The title.
    /// @param status How it stands from now on.
    /// @param to Who gets what is left in the purse of a void title; otherwise zero.
    function mark(uint256 title, Status status, address to) external {
        if (msg.sender != DISPUTES) revert NotAllowed(msg.sender);
        Title storage held = titles[title];
        if (held.status == Status.None) revert Unknown(title);
        if (held.status == Status.Void) revert Frozen(title, Status.Void);
        held.status = status;
        if (status == Status.Void) successor[title] = to;
        _fold(title, abi.encode(StatusSet.selector, status, to, _time()));
        emit StatusSet(title, status, to, _time());
    }

    /// @notice What a resale owes the film (ERC-2981).
    /// @param title The title.
    /// @param price The price of the resale.
    /// @return The film's own address.
    /// @return The amount, in the unit of the price.
    function royaltyInfo(uint256 title, uint256 price) external view returns (address, uint256) {
        return (address(uint160(title)), price * titles[title].royalty / WHOLE);
    }

    /// @notice Where a film is described (ERC-1155): the CIDv1 of its metadata, dag-cbor and sha2-256, in base 16.
    /// @param title The title.
    /// @return An `ipfs:` address.
    function uri(uint256 title) public view override returns (string memory) {
        bytes memory digits = bytes(Strings.toHexString(uint256(titles[title].metadata), 32));
        return string.concat("ipfs://f01711220", string(Bytes.slice(digits, 2)));
    }

    /// @notice Which interfaces are spoken here: ERC-165, ERC-1155 with metadata, ERC-2981.
    /// @param id The interface.
    /// @return True for these.
    function supportsInterface(bytes4 id) public view override(ERC1155, IERC165) returns (bool) {
        return id == type(IERC2981).interfaceId || super.supportsInterface(id);
    }

    // Registration

    function _verifyDeed(Deed calldata deed, bytes calldata signature) private view {
        if (block.timestamp > deed.deadline) revert Expired(block.timestamp, deed.deadline);
        bytes32 said = keccak256(
            abi.encode(
                DEED,
                deed.creator,
                deed.content,
                deed.metadata,
                deed.fingerprint,
                deed.codec,
                deed.royalty,
                deed.deadline,
                keccak256(abi.encodePacked(deed.holders)),
                keccak256(abi.encodePacked(deed.shares))
            )
        );
        Signatures.verify(deed.creator, _hashTypedDataV4(said), signature);
    }

    function _begin(uint256 title, Deed calldata deed) private {
        bytes memory entry = abi.encode(
            Registered.selector,
            deed.creator,
            deed.content,
            deed.metadata,
            deed.fingerprint,
            deed.codec,
            deed.royalty,
            _time()
        );
        titles[title] = Title({
            controller: deed.creator,
            since: _time(),
            royalty: deed.royalty,
            status: Status.Clear,
            tenure: 0,
            head: 0,
            metadata: deed.metadata
        });
        _fold(title, entry);
        emit Registered(
            title,
            deed.creator,
            deed.content,
            deed.metadata,
            deed.fingerprint,
            deed.codec,
            deed.royalty,
            _time()
        );
    }

    /// @dev Nobody is called back at registration, so that no holder can hinder it.
    function _share(uint256 title, address[] calldata holders, uint16[] calldata shares) private {
        if (holders.length > MAX_HOLDERS) revert BadCount(holders.length, MAX_HOLDERS);
        if (holders.length != shares.length) revert BadCount(shares.length, holders.length);
        uint256[] memory one = new uint256[](1);
        uint256[] memory part = new uint256[](1);
        one[0] = title;
        uint256 sum;
        for (uint256 i = 0; i < holders.length; ++i) {
            if (holders[i] == address(0)) revert BadHolder(address(0));
            part[0] = shares[i];
            sum += shares[i];
            _update(address(0), holders[i], one, part);
        }
        if (sum != WHOLE) revert BadShares(sum, WHOLE);
    }

    // Control

    function _votes(Election calldata election) private view returns (uint256 votes) {
        uint256 count = election.voters.length;
        if (election.signatures.length != count) revert BadCount(election.signatures.length, count);
        bytes32 said = _electDigest(election);
        address last;
        for (uint256 i = 0; i < count; ++i) {
            address voter = election.voters[i];
            if (voter <= last) revert OutOfOrder(voter);
            last = voter;
            Signatures.verify(voter, said, election.signatures[i]);
            votes += balanceOf(voter, election.title);
        }
    }

    function _electDigest(Election calldata election) private view returns (bytes32) {
        Title storage held = titles[election.title];
        return _hashTypedDataV4(
            keccak256(
                abi.encode(ELECT, election.title, held.controller, election.to, held.tenure, election.deadline)
            )
        );
    }

    function _silent(Election calldata election) private view returns (uint256 shares) {
        uint256 last;
        for (uint256 i = 0; i < election.silent.length; ++i) {
            uint256 title = election.silent[i];
            if (title <= last) revert OutOfOrder(address(uint160(title)));
            if (titles[title].status == Status.None) revert Unknown(title);
            last = title;
            shares += balanceOf(address(uint160(title)), election.title);
        }
    }

    function _control(uint256 title, address to) private {
        if (to == address(0)) revert BadHolder(to);
        Title storage held = titles[title];
        address from = held.controller;
        held.controller = to;
        ++held.tenure;
        _fold(title, abi.encode(Controlled.selector, from, to, _time()));
        emit Controlled(title, from, to, _time());
    }

    // Shares

    function _sharesOf(uint256 title, address holder) internal view override returns (uint256) {
        return balanceOf(holder, title);
    }

    /// @dev Every move of shares settles claims and enters the title's record; only undisputed titles move.
    function _update(address from, address to, uint256[] memory ids, uint256[] memory values) internal override {
        super._update(from, to, ids, values);
        for (uint256 i = 0; i < ids.length; ++i) {
            (uint256 title, uint256 shares) = (ids[i], values[i]);
            if (uint160(to) == title || shares == 0) revert BadHolder(to);
            if (from != address(0)) {
                Status status = titles[title].status;
                if (status != Status.Clear) revert Frozen(title, status);
                _settle(title, from, to, shares);
            }
            _fold(title, abi.encode(IERC1155.TransferSingle.selector, msg.sender, from, to, shares));
        }
    }

    /// @dev A film's own address takes shares without being asked: it cannot answer.
    function _updateWithAcceptanceCheck(
        address from,
        address to,
        uint256[] memory ids,
        uint256[] memory values,
        bytes memory data,
        bool batch
    ) internal override {
        if (titles[uint160(to)].status != Status.None) _update(from, to, ids, values);
        else super._updateWithAcceptanceCheck(from, to, ids, values, data, batch);
    }
}
