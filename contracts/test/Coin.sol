// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A currency that anybody makes, and that keeps a part of every move where it is told so.
contract Coin is ERC20 {
    uint256 private immutable KEPT;

    /// @param kept What is kept of every move: one in so many; zero for none.
    constructor(uint256 kept) ERC20("Coin", "COIN") {
        KEPT = kept;
    }

    function mint(address who, uint256 amount) external {
        _mint(who, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (KEPT != 0 && from != address(0) && to != address(0)) super._update(to, address(0xdead), amount / KEPT);
    }
}
