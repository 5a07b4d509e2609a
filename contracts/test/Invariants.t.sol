// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ChainOfTitle} from "../src/ChainOfTitle.sol";
import {Disputes} from "../src/Disputes.sol";
import {TitleRegistry} from "../src/TitleRegistry.sol";
import {Coin} from "./Coin.sol";
import {Business} from "./Business.sol";
import {vm} from "./Vm.sol";

/// @title What holds after every act of the business.
contract Invariants {
    Business private business;
    TitleRegistry private titles;

    function setUp() external {
        business = new Business();
        titles = business.titles();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(business);
    }

    /// @notice What was reached, a line for each: the tests that start this add them up.
    function afterInvariant() external {
        for (uint256 i = 0; i < business.nameCount(); ++i) {
            string memory name = business.names(i);
            vm.writeLine("cache/reached", string.concat(vm.toString(business.reached(name)), " ", name));
        }
    }

    function invariant_everything_holds() external view {
        for (uint256 i = 0; i < business.filmCount(); ++i) {
            uint256 title = business.films(i);
            shares_are_the_whole(title);
            the_log_gives_the_head(title);
            only_a_ruling_voids(title);
        }
        for (uint256 which = 0; which < 3; ++which) purses_are_backed(business.currency(which));
        bonds_are_backed();
        (bool found,,) = business.overlap();
        require(!found, "two licences meet, one of them exclusive");
    }

    function shares_are_the_whole(uint256 title) private view {
        uint256 sum;
        for (uint256 who = 0; who < business.accountCount(); ++who) {
            sum += titles.balanceOf(business.account(who), title);
        }
        require(sum == 10_000, "the shares are not the whole");
    }

    function the_log_gives_the_head(uint256 title) private view {
        (,,,,, bytes32 head,) = titles.titles(title);
        require(head == business.heads(title), "the log does not give the head");
    }

    function only_a_ruling_voids(uint256 title) private view {
        bool isVoid = titles.statusOf(title) == ChainOfTitle.Status.Void;
        require(isVoid == business.ruledVoid(title), "void without a ruling, or a ruling without effect");
    }

    function purses_are_backed(address token) private view {
        uint256 sum;
        for (uint256 i = 0; i < business.filmCount(); ++i) sum += left(business.films(i), token);
        require(sum == titles.reserves(token), "the purses are not the reserves");
        uint256 held = token == address(0) ? address(titles).balance : Coin(token).balanceOf(address(titles));
        require(sum <= held, "the purses are not backed");
    }

    /// @dev What a purse holds; all claims to it are that, but for less than a unit a holder.
    function left(uint256 title, address token) private view returns (uint256 rest) {
        (uint128 paidIn, uint128 paidOut) = titles.purses(title, token);
        rest = paidIn - paidOut;
        if (titles.statusOf(title) == ChainOfTitle.Status.Void) return rest;
        uint256 claims;
        uint256 count = business.accountCount();
        for (uint256 who = 0; who < count; ++who) claims += titles.claimable(title, token, business.account(who));
        require(claims <= rest && rest - claims < count, "the claims are not the purse");
    }

    function bonds_are_backed() private view {
        Disputes disputes = business.disputes();
        uint256 sum;
        for (uint256 i = 0; i < business.caseCount(); ++i) {
            (,, Disputes.State state,,, uint96 bond,) = disputes.cases(business.cases(i));
            if (state == Disputes.State.Noticed || state == Disputes.State.Answered) sum += bond;
            if (state == Disputes.State.Answered) sum += disputes.BOND();
        }
        for (uint256 who = 0; who < 4; ++who) sum += disputes.owed(business.people(who));
        require(sum == address(disputes).balance, "the bonds are not what the contract holds");
    }
}
