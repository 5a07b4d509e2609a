// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Signatures} from "./Signatures.sol";

/// @title Roots of growing trees, so that what they hold existed by then and nothing is dropped later.
/// @notice One slot for each account: its anchors folded (24 bytes), and the leaves of the last (8 bytes). An anchor
/// makes head = first 24 bytes of keccak256(head, root, size, time), each a 32-byte word with the head on the left.
contract Anchors is EIP712 {
    /// @notice One account's anchor for others to carry.
    /// @param account Whose tree it is.
    /// @param root The tree's root (RFC 6962, sha2-256).
    /// @param size How many leaves it has.
    /// @param from How many the last anchored one has.
    /// @param signature The account's, over Anchor.
    struct Anchor {
        address account;
        bytes32 root;
        uint64 size;
        uint64 from;
        bytes signature;
    }

    /// @notice An account's tree has this root.
    /// @param account Whose tree it is.
    /// @param root The tree's root.
    /// @param size How many leaves it has.
    /// @param time When, in seconds.
    /// @param head All of the account's anchors, folded.
    event Anchored(address indexed account, bytes32 indexed root, uint64 size, uint40 time, bytes24 head);

    /// @notice Trees only grow.
    /// @param found How many leaves the new one has.
    /// @param held How many the last anchored one has.
    error Stale(uint64 found, uint64 held);

    bytes32 private constant ANCHOR = keccak256("Anchor(address account,bytes32 root,uint64 size,uint64 from)");

    /// @dev Head on the left, size on the right.
    mapping(address account => bytes32) private slots;

    constructor() EIP712("CinepeerAnchors", "1") {}

    /// @notice Where an account's anchors stand.
    /// @param account The account.
    /// @return head All of them, folded; zero for none.
    /// @return size How many leaves the last one has.
    function headOf(address account) external view returns (bytes24 head, uint64 size) {
        bytes32 slot = slots[account];
        return (bytes24(slot), uint64(uint256(slot)));
    }

    /// @notice Anchors the caller's tree.
    /// @param root The tree's root.
    /// @param size How many leaves it has, more than before.
    function anchor(bytes32 root, uint64 size) external {
        uint64 held = uint64(uint256(slots[msg.sender]));
        if (size <= held) revert Stale(size, held);
        _set(msg.sender, root, size);
    }

    /// @notice Anchors many accounts' trees for them. Passes over those that do not go on from what is held, or that
    /// their account did not sign, so that one of them cannot hold up the others.
    /// @param anchors The anchors.
    /// @return taken How many were anchored.
    function anchorAll(Anchor[] calldata anchors) external returns (uint256 taken) {
        for (uint256 i = 0; i < anchors.length; ++i) {
            Anchor calldata one = anchors[i];
            if (one.size <= one.from || one.from != uint64(uint256(slots[one.account]))) continue;
            bytes32 said = keccak256(abi.encode(ANCHOR, one.account, one.root, one.size, one.from));
            if (!Signatures.isValid(one.account, _hashTypedDataV4(said), one.signature)) continue;
            _set(one.account, one.root, one.size);
            ++taken;
        }
    }

    function _set(address account, bytes32 root, uint64 size) private {
        uint40 time = uint40(block.timestamp);
        bytes24 head = bytes24(keccak256(abi.encode(bytes24(slots[account]), root, size, time)));
        slots[account] = bytes32(head) | bytes32(uint256(size));
        emit Anchored(account, root, size, time, head);
    }
}
