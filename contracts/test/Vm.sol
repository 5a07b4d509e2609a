// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What the tests ask of forge.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function addr(uint256 key) external pure returns (address);
    function chainId(uint256 id) external;
    function deal(address who, uint256 balance) external;
    function etch(address who, bytes calldata code) external;
    function expectRevert(bytes calldata said) external;
    function expectRevert(bytes4 selector) external;
    function getRecordedLogs() external returns (Log[] memory);
    function parseBytes(string calldata text) external pure returns (bytes memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function prank(address who) external;
    function readFile(string calldata path) external view returns (string memory);
    function recordLogs() external;
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256 used);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function store(address where, bytes32 slot, bytes32 value) external;
    function toString(uint256 number) external pure returns (string memory);
    function toString(address who) external pure returns (string memory);
    function warp(uint256 time) external;
    function writeLine(string calldata path, string calldata line) external;
}

/// @dev Where forge puts it.
Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
