// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title A film's own address.
/// @notice Takes money before and after it has code, and gives it only to the registry that made it. A title's id is
/// this contract's address, which follows from its creation code: another compiler or another line here is another id.
contract FilmPurse {
    /// @dev The registry, which alone may bring money in.
    address private immutable REGISTRY = msg.sender;

    /// @notice Only the registry pulls.
    error NotAllowed();

    /// @notice The registry did not take the money.
    error NotTaken();

    /// @notice Anyone may send native currency to a film.
    receive() external payable {}

    /// @notice Sends everything held in one currency to the registry.
    /// @param token The currency; the zero address is the native one.
    function pull(address token) external {
        if (msg.sender != REGISTRY) revert NotAllowed();
        if (token == address(0)) {
            (bool taken,) = REGISTRY.call{value: address(this).balance}("");
            if (!taken) revert NotTaken();
        } else {
            SafeERC20.safeTransfer(IERC20(token), REGISTRY, IERC20(token).balanceOf(address(this)));
        }
    }
}
