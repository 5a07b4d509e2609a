// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title What stands on the ledger about every title, and the one slot that folds all of it.
/// @notice Every entry of a title is an event with the title as its first topic, and changes the title's head:
/// entry = keccak256(topics[0], topics[2..], data), head = keccak256(head, entry), from zero on. A move of shares
/// enters as TransferSingle without its id: entry = keccak256(topics[0..3], value), once for every pair of a batch.
/// So whoever has the logs and one storage proof knows that no entry is missing, added, changed or out of order.
abstract contract ChainOfTitle {
    /// @notice How a title stands: unknown, undisputed, noticed, unanswered in time, or ruled void for good.
    enum Status {
        None,
        Clear,
        Contested,
        Suspended,
        Void
    }

    /// @notice One registered film: slot 0 holds all but head and metadata.
    /// @param controller Who acts for the title: amends, delegates, sells licences.
    /// @param since When it was registered, in seconds.
    /// @param royalty What a resale owes the film, in basis points.
    /// @param status How it stands.
    /// @param tenure How often control has passed; delegations and elections belong to one tenure.
    /// @param head All entries, folded.
    /// @param metadata sha2-256 digest of the block that describes the film.
    struct Title {
        address controller;
        uint40 since;
        uint16 royalty;
        Status status;
        uint32 tenure;
        bytes32 head;
        bytes32 metadata;
    }

    /// @notice A title begins. Several people may register one content: all such claims are found by `content`.
    /// @param title The title, which is also its purse's address.
    /// @param creator Who registered it, and its first controller.
    /// @param content sha2-256 digest of the film's root block.
    /// @param metadata sha2-256 digest of the block that describes the film.
    /// @param fingerprint Digest of what the film is recognised by.
    /// @param codec Multicodec of the root block: 0x55 raw, 0x70 dag-pb, 0x71 dag-cbor.
    /// @param royalty What a resale owes the film, in basis points.
    /// @param time When, in seconds.
    event Registered(
        uint256 indexed title,
        address indexed creator,
        bytes32 indexed content,
        bytes32 metadata,
        bytes32 fingerprint,
        uint8 codec,
        uint16 royalty,
        uint40 time
    );

    /// @notice A title is described anew.
    /// @param title The title.
    /// @param metadata sha2-256 digest of the block that describes the film.
    /// @param time When, in seconds.
    event Amended(uint256 indexed title, bytes32 metadata, uint40 time);

    /// @notice Control passes, and with it a new tenure begins.
    /// @param title The title.
    /// @param from Who had it.
    /// @param to Who has it now.
    /// @param time When, in seconds.
    event Controlled(uint256 indexed title, address indexed from, address indexed to, uint40 time);

    /// @notice Somebody may act for the controller.
    /// @param title The title.
    /// @param who The delegate.
    /// @param until The last second of it; the past takes it back.
    /// @param time When, in seconds.
    event Delegated(uint256 indexed title, address indexed who, uint40 until, uint40 time);

    /// @notice Money came in.
    /// @param title The title.
    /// @param payer Who brought it: a caller, the title itself (from its purse), or the title that it holds shares of.
    /// @param memo What it is for: for a licence the digest that Licences states, otherwise the payer's own words.
    /// @param token The currency; the zero address is the native one.
    /// @param amount How much, in the smallest unit.
    /// @param time When, in seconds.
    event Credited(
        uint256 indexed title, address indexed payer, bytes32 indexed memo, address token, uint256 amount, uint40 time
    );

    /// @notice Money went out to a holder, or to the successor of a void title.
    /// @param title The title.
    /// @param holder Who was paid.
    /// @param token The currency; the zero address is the native one.
    /// @param amount How much, in the smallest unit.
    /// @param time When, in seconds.
    event Withdrawn(
        uint256 indexed title, address indexed holder, address indexed token, uint256 amount, uint40 time
    );

    /// @notice A dispute changed how a title stands.
    /// @param title The title.
    /// @param status How it stands now.
    /// @param successor Who gets what is left in the purse of a void title; otherwise zero.
    /// @param time When, in seconds.
    event StatusSet(uint256 indexed title, Status status, address successor, uint40 time);

    /// @notice The caller may not do this.
    /// @param caller Who called.
    error NotAllowed(address caller);

    /// @notice Nobody has registered this title.
    /// @param title The title.
    error Unknown(uint256 title);

    /// @notice The title does not stand as this needs.
    /// @param title The title.
    /// @param found How it stands.
    error Frozen(uint256 title, Status found);

    /// @notice What is registered about a title.
    mapping(uint256 title => Title) public titles;

    /// @notice How a title stands.
    /// @param title The title.
    /// @return The status, None for a title that nobody registered.
    function statusOf(uint256 title) external view returns (Status) {
        return titles[title].status;
    }

    /// @dev Folds one entry into a title's head.
    /// @param entry The event's topics and data without the title, as 32-byte words.
    function _fold(uint256 title, bytes memory entry) internal {
        titles[title].head = Hashes.efficientKeccak256(titles[title].head, keccak256(entry));
    }

    /// @dev The block's time as the entries keep it.
    function _time() internal view returns (uint40) {
        return uint40(block.timestamp);
    }
}
