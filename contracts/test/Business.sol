// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Disputes} from "../src/Disputes.sol";
import {Licences} from "../src/Licences.sol";
import {TitleRegistry} from "../src/TitleRegistry.sol";
import {Coin} from "./Coin.sol";
import {Known} from "./Known.sol";
import {vm} from "./Vm.sol";

/// @title What four people, an arbiter and four films may do to one another.
/// @dev Every external function that is no view is an act. An act that fits nothing does nothing; every refusal that
/// is met has a name. What was reached is counted.
contract Business is Known {
    constructor() {
        deploySet();
        for (uint256 i = 0; i < 4; ++i) people[i] = vm.addr(i + 1);
        register(0, 0, 6000);
        register(1, 4, 3000);
    }

    // Titles

    function register(uint256 by, uint256 with, uint256 part) public moving {
        uint256 count = films.length;
        if (count == MOST) return;
        uint256 key = by % 4 + 1;
        TitleRegistry.Deed memory deed = oneHolder(vm.addr(key), keccak256(abi.encode("film", count)));
        deed.holders = new address[](2);
        deed.shares = new uint16[](2);
        address other = account(with);
        (deed.holders[0], deed.holders[1]) = (deed.creator, other);
        deed.shares[0] = uint16(part % 9999) + 1;
        deed.shares[1] = 10_000 - deed.shares[0];
        uint256 title;
        if (part % 2 == 0) {
            title = titles.register(deed, signed(key, digestOf(deed)));
            reach("register, carried");
        } else {
            vm.prank(deed.creator);
            title = titles.register(deed, "");
        }
        films.push(title);
        creators.push(deed.creator);
        contents.push(deed.content);
        reach(isFilm(other) ? "register, held by a film" : "register");
    }

    function move(uint256 a, uint256 b, uint256 part) external moving {
        (uint256 title, address from) = holding(a);
        address to = account(b);
        uint256 shares = titles.balanceOf(from, title) * (part % 100 + 1) / 100;
        vm.prank(from);
        try titles.safeTransferFrom(from, to, title, shares == 0 ? 1 : shares, "") {
            reach(isFilm(to) ? "move to a film" : "move");
        } catch (bytes memory said) {
            met("move", said);
        }
    }

    function moveTwo(uint256 a, uint256 b) external moving {
        (address from, address to) = (people[a % 4], people[b % 4]);
        for (uint256 i = 0; i < 4 && titles.balanceOf(from, films[0]) * titles.balanceOf(from, films[1]) == 0; ++i) {
            from = people[(a % 4 + i) % 4];
        }
        uint256[] memory ids = new uint256[](2);
        uint256[] memory values = new uint256[](2);
        (ids[0], ids[1]) = (films[0], films[1]);
        (values[0], values[1]) = ((titles.balanceOf(from, ids[0]) + 1) / 2, (titles.balanceOf(from, ids[1]) + 1) / 2);
        vm.prank(from);
        try titles.safeBatchTransferFrom(from, to, ids, values, "") {
            reach("move two");
        } catch (bytes memory said) {
            met("move two", said);
        }
    }

    function handOver(uint256 a, uint256 b) external moving {
        uint256 title = film(a);
        vm.prank(controllerOf(title));
        titles.handOver(title, people[b % 4]);
        reach("hand over");
    }

    function elect(uint256 a, uint256 b, uint256 voters) external moving {
        TitleRegistry.Election memory votes;
        votes.title = film(a);
        votes.to = people[b % 4];
        votes.deadline = block.timestamp;
        votes.silent = sortedFilms();
        (address from, uint32 tenure) = (controllerOf(votes.title), tenureOf(votes.title));
        bytes32 said = keccak256(abi.encode(ELECT, votes.title, from, votes.to, tenure, votes.deadline));
        (votes.voters, votes.signatures) = ballot(domained("CinepeerTitles", address(titles), said), voters % 16);
        try titles.elect(votes) {
            reach("elect");
        } catch (bytes memory reason) {
            met("elect", reason);
        }
    }

    // Money

    function credit(uint256 a, uint256 amount, uint256 which) external still {
        uint256 title = film(a);
        amount = which % 5 == 0 ? amount % 30 : amount % 1e21;
        if (which % 3 == 0) {
            vm.deal(address(this), amount);
            titles.credit{value: amount}(title, address(0), bytes32("memo"));
        } else {
            Coin token = which % 3 == 1 ? coin : taxed;
            token.mint(address(this), amount);
            token.transfer(address(titles), amount);
            titles.credit(title, address(token), bytes32("memo"));
        }
        reach("credit");
    }

    function sweep(uint256 a, uint256 amount, uint256 which) external still {
        uint256 place = a % films.length;
        amount = amount % 1e18 + 11;
        address token = currency(which);
        if (token == address(0)) vm.deal(address(uint160(films[place])), amount);
        else Coin(token).mint(address(uint160(films[place])), amount);
        titles.sweep(creators[place], contents[place], token);
        reach("sweep");
    }

    function withdraw(uint256 a, uint256 b, uint256 which) external still {
        (uint256 title, address token) = (film(a), currency(which));
        address holder = claimant(title, token, b % accountCount());
        try titles.withdraw(title, token, holder) {
            reach(isFilm(holder) ? "withdraw to a film" : "withdraw");
        } catch (bytes memory said) {
            met("withdraw", said);
        }
    }

    function redeem(uint256 a, uint256 which) external still {
        try titles.redeem(film(a), currency(which)) {
            reach("redeem");
        } catch (bytes memory said) {
            met("redeem", said);
        }
    }

    // Licences

    function buy(uint256 a, uint256 b, uint256 kind) external still {
        uint256 title = film(a);
        Licences.Offer memory offer = offerOf(title, controllerOf(title));
        offer.price = kind % 3 == 0 ? 0 : 1e9 + 7;
        offer.exclusive = kind % 5 < 2;
        offer.media = uint32(kind % 3 + 1);
        offer.territory = kind % 4 + 1;
        offer.term = uint40((kind % 3) * 20 days);
        offer.start = kind % 7 == 0 ? uint40(block.timestamp) + 5 days : 0;
        offer.revocable = true;
        offer.salt = kind % 6;
        offers.push(offer);
        take(offers.length - 1, people[b % 4]);
    }

    function buyAgain(uint256 a, uint256 b) external still {
        if (grants.length == 0) return;
        Grant memory grant = grants[a % grants.length];
        take(grant.place, b % 4 == 0 ? people[b / 4 % 4] : grant.licensee);
    }

    function revoke(uint256 a) external still {
        if (grants.length == 0) return;
        uint256 place = a % grants.length;
        Grant memory grant = grants[place];
        Licences.Offer memory offer = offers[grant.place];
        vm.prank(controllerOf(offer.title));
        try licences.revoke(offer, grant.licensee) {
            for (uint256 i = 0; i < grants.length; ++i) {
                bool isGone = grants[i].offer == grant.offer && grants[i].licensee == grant.licensee;
                if (isGone) grants[i].end = 0;
            }
            reach("revoke");
        } catch (bytes memory said) {
            met("revoke", said);
        }
    }

    function close(uint256 a) external still {
        if (offers.length == 0 || a % 8 != 0) return;
        Licences.Offer memory offer = offers[a / 8 % offers.length];
        vm.prank(controllerOf(offer.title));
        licences.close(offer);
        reach("close");
    }

    function prune(uint256 a) external still {
        licences.prune(film(a));
        reach("prune");
    }

    // Disputes

    function notice(uint256 a, uint256 b) external still {
        if (a % 3 != 0) return;
        uint256 title = film(a / 3);
        uint256 value = disputes.bondFor(title) + b % 3;
        vm.deal(people[b % 4], value);
        vm.prank(people[b % 4]);
        try disputes.notice{value: value}(title, 1, 0) returns (uint256 id) {
            cases.push(id);
            reach("notice");
        } catch (bytes memory said) {
            met("notice", said);
        }
    }

    function answer(uint256 a, uint256 b) external still {
        if (cases.length == 0) return;
        uint256 id = open(a);
        (uint160 title,,,,,,) = disputes.cases(id);
        address by = b % 4 == 0 ? people[b / 4 % 4] : controllerOf(title);
        vm.deal(by, BOND);
        vm.prank(by);
        try disputes.answer{value: BOND}(id, 0) {
            reach("answer");
        } catch (bytes memory said) {
            met("answer", said);
        }
    }

    function suspend(uint256 a) external still {
        if (cases.length == 0) return;
        if (a % 4 != 0) vm.warp(block.timestamp + 15 days);
        try disputes.suspend(open(a)) {
            reach("suspend");
        } catch (bytes memory said) {
            met("suspend", said);
        }
    }

    function rule(uint256 a, bool upheld) external still {
        if (cases.length == 0) return;
        uint256 id = open(a);
        if (a % 2 == 0) vm.warp(block.timestamp + 15 days);
        vm.prank(ARBITER);
        try disputes.rule(id, upheld && a % 3 == 0, 0) {
            (uint160 title,,,,,,) = disputes.cases(id);
            ruledVoid[title] = ruledVoid[title] || (upheld && a % 3 == 0);
            reach(upheld && a % 3 == 0 ? "rule, upheld" : "rule, dismissed");
        } catch (bytes memory said) {
            met("rule", said);
        }
    }

    function lapse(uint256 a) external still {
        if (cases.length == 0) return;
        if (a % 3 != 2) vm.warp(block.timestamp + 45 days);
        try disputes.lapse(open(a)) {
            reach("lapse");
        } catch (bytes memory said) {
            met("lapse", said);
        }
    }

    function drop(uint256 a) external still {
        if (cases.length == 0) return;
        uint256 id = open(a);
        (,,,, address claimant,,) = disputes.cases(id);
        vm.prank(claimant);
        try disputes.drop(id) {
            reach("drop");
        } catch (bytes memory said) {
            met("drop", said);
        }
    }

    function collect(uint256 a) external still {
        try disputes.collect(people[a % 4]) {
            reach("collect");
        } catch (bytes memory said) {
            met("collect", said);
        }
    }

    function wait(uint256 a) external still {
        vm.warp(block.timestamp + (a % 3) * 6 days + 1);
        reach("wait");
    }
}
