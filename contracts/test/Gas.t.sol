// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {vm} from "./Vm.sol";

/// @title The transactions of a list, one after the other on this chain, and what each costs here.
/// @dev Whoever starts this leaves the list in cache/sent: it was made, and measured, on another EVM.
contract Gas {
    struct Sent {
        address sender;
        address to;
        uint256 value;
        bytes data;
        uint256 used;
    }

    Sent[] private list;

    function setUp() external {
        vm.chainId(1);
        vm.warp(1_700_000_000);
        Sent[] memory read = abi.decode(vm.parseBytes(vm.readFile("cache/sent")), (Sent[]));
        for (uint256 i = 0; i < read.length; ++i) {
            list.push(read[i]);
            vm.deal(read[i].sender, 1e24);
        }
    }

    /// forge-config: default.isolate = true
    function test_every_transaction_costs_the_same_on_both_machines() external {
        for (uint256 i = 0; i < list.length; ++i) {
            Sent memory one = list[i];
            vm.prank(one.sender);
            send(one);
            // forge tells the gas of calls alone.
            if (one.to == address(0)) continue;
            uint256 used = vm.snapshotGasLastCall("transactions", vm.toString(i));
            require(used == one.used, string.concat(vm.toString(i), ": ", vm.toString(used), " and ", vm.toString(one.used)));
        }
    }

    function send(Sent memory one) private {
        bytes memory data = one.data;
        if (one.to != address(0)) {
            (bool held,) = one.to.call{value: one.value}(data);
            require(held, "refused");
            return;
        }
        address made;
        assembly ("memory-safe") {
            made := create(0, add(data, 32), mload(data))
        }
        require(made != address(0), "not created");
    }
}
