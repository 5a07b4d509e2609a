// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ChainOfTitle} from "../src/ChainOfTitle.sol";
import {Disputes} from "../src/Disputes.sol";
import {Licences} from "../src/Licences.sol";
import {Purses} from "../src/Purses.sol";
import {TitleRegistry} from "../src/TitleRegistry.sol";
import {Coin} from "./Coin.sol";
import {Stage} from "./Stage.sol";
import {Vm, vm} from "./Vm.sol";

/// @title What four people, an arbiter and four films may do to one another, and what is known of it from outside.
/// @dev Every external function that is no view is an act. An act that fits nothing does nothing; every refusal that
/// is met has a name. What was reached is counted.
contract Business is Stage {
    struct Grant {
        bytes32 offer;
        uint256 place;
        address licensee;
        uint40 start;
        uint40 end;
    }

    uint256 private constant MOST = 4;

    address[4] public people;
    uint256[] public films;
    address[] private creators;
    bytes32[] private contents;
    Licences.Offer[] private offers;
    Grant[] private grants;
    uint256[] public cases;
    mapping(uint256 title => bytes32) public heads;
    mapping(uint256 title => bool) public ruledVoid;
    string[] public names;
    mapping(string name => uint256) public reached;

    constructor() {
        deploySet();
        for (uint256 i = 0; i < 4; ++i) people[i] = vm.addr(i + 1);
        register(0, 0, 6000);
        register(1, 4, 3000);
    }

    /// @dev Around what may change who owns or controls a title.
    modifier moving() {
        vm.recordLogs();
        _;
        replay();
    }

    /// @dev Around everything else: neither money nor silence changes who owns or controls a title.
    modifier still() {
        bytes32 before = ownership();
        vm.recordLogs();
        _;
        replay();
        require(ownership() == before, "somebody's shares or control changed");
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

    // What is known

    function filmCount() external view returns (uint256) {
        return films.length;
    }

    function caseCount() external view returns (uint256) {
        return cases.length;
    }

    function nameCount() external view returns (uint256) {
        return names.length;
    }

    function accountCount() public view returns (uint256) {
        return 4 + films.length;
    }

    /// @dev Somebody who may hold shares: a person, or a film by its own address.
    function account(uint256 a) public view returns (address) {
        uint256 place = a % accountCount();
        return place < 4 ? people[place] : address(uint160(films[place - 4]));
    }

    function currency(uint256 which) public view returns (address) {
        return which % 3 == 0 ? address(0) : which % 3 == 1 ? address(coin) : address(taxed);
    }

    /// @dev Two licences that may not both be live, or none: (found, first, second).
    function overlap() external view returns (bool, uint256, uint256) {
        for (uint256 i = 0; i < grants.length; ++i) {
            for (uint256 j = i + 1; j < grants.length; ++j) {
                if (meets(grants[i], grants[j])) return (true, i, j);
            }
        }
        return (false, 0, 0);
    }

    function meets(Grant storage one, Grant storage other) private view returns (bool) {
        if (one.end < block.timestamp || other.end < block.timestamp) return false;
        if (one.start > other.end || other.start > one.end) return false;
        Licences.Offer storage first = offers[one.place];
        Licences.Offer storage second = offers[other.place];
        bool samePlace = first.media & second.media != 0 && first.territory & second.territory != 0;
        return first.title == second.title && samePlace && (first.exclusive || second.exclusive);
    }

    function ownership() private view returns (bytes32 whole) {
        for (uint256 i = 0; i < films.length; ++i) {
            whole = keccak256(abi.encode(whole, films[i], controllerOf(films[i]), tenureOf(films[i])));
            for (uint256 who = 0; who < accountCount(); ++who) {
                whole = keccak256(abi.encode(whole, titles.balanceOf(account(who), films[i])));
            }
        }
    }

    // Picks

    function film(uint256 a) private view returns (uint256) {
        return films[a % films.length];
    }

    function controllerOf(uint256 title) private view returns (address who) {
        (who,,,,,,) = titles.titles(title);
    }

    function tenureOf(uint256 title) private view returns (uint32 tenure) {
        (,,,, tenure,,) = titles.titles(title);
    }

    /// @dev A film and one of the people that hold it, when one does.
    function holding(uint256 a) private view returns (uint256 title, address who) {
        title = film(a);
        for (uint256 i = 0; i < 4; ++i) {
            who = people[(a / 8 + i) % 4];
            if (titles.balanceOf(who, title) != 0) return (title, who);
        }
    }

    /// @dev An open case from where `a` points on, or that one when all are over.
    function open(uint256 a) private view returns (uint256) {
        for (uint256 i = 0; i < cases.length; ++i) {
            uint256 id = cases[(a % cases.length + i) % cases.length];
            (,, Disputes.State state,,,,) = disputes.cases(id);
            if (state == Disputes.State.Noticed || state == Disputes.State.Answered) return id;
        }
        return cases[a % cases.length];
    }

    /// @dev Somebody who has something coming, from the account numbered `first` on; that one when nobody has.
    function claimant(uint256 title, address token, uint256 first) private view returns (address who) {
        for (uint256 i = 0; i < accountCount(); ++i) {
            who = account(first + i);
            if (titles.claimable(title, token, who) != 0) return who;
        }
        return account(first);
    }

    function isFilm(address who) private view returns (bool) {
        return titles.statusOf(uint160(who)) != ChainOfTitle.Status.None;
    }

    function sortedFilms() private view returns (uint256[] memory sorted) {
        sorted = films;
        for (uint256 i = 1; i < sorted.length; ++i) {
            for (uint256 j = i; j > 0 && sorted[j] < sorted[j - 1]; --j) {
                (sorted[j], sorted[j - 1]) = (sorted[j - 1], sorted[j]);
            }
        }
    }

    /// @dev The people of a set of four bits, in ascending order of their addresses, and their votes.
    function ballot(bytes32 said, uint256 set) private view returns (address[] memory who, bytes[] memory votes) {
        uint256 count;
        for (uint256 i = 0; i < 4; ++i) count += set >> i & 1;
        (who, votes) = (new address[](count), new bytes[](count));
        address last;
        for (uint256 n = 0; n < count; ++n) {
            uint256 key;
            for (uint256 i = 0; i < 4; ++i) {
                bool isNext = people[i] > last && (key == 0 || people[i] < people[key - 1]);
                if (set >> i & 1 == 1 && isNext) key = i + 1;
            }
            last = people[key - 1];
            (who[n], votes[n]) = (last, signed(key, said));
        }
    }

    // Books

    function take(uint256 place, address who) private {
        Licences.Offer memory offer = offers[place];
        bytes32 id = licences.hashOf(offer);
        uint40 before = licences.until(id, who);
        vm.deal(offer.seller, offer.price);
        vm.prank(offer.seller);
        try licences.buy{value: offer.price}(offer, "", who) {
            noteGrant(place, id, who);
            reach(offer.exclusive ? "buy exclusive" : "buy");
            if (before >= block.timestamp) reach("renew");
        } catch (bytes memory said) {
            met("buy", said);
        }
    }

    function noteGrant(uint256 place, bytes32 id, address who) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        fold(logs);
        Vm.Log memory last = logs[logs.length - 1];
        require(last.topics[0] == Licences.Granted.selector && last.topics[2] == id, "the last entry is the grant");
        (uint40 start, uint40 end,) = abi.decode(last.data, (uint40, uint40, uint256));
        grants.push(Grant(id, place, who, start, end));
    }

    function replay() private {
        fold(vm.getRecordedLogs());
    }

    /// @dev The heads as the log alone gives them.
    function fold(Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(titles)) continue;
            bytes32 kind = logs[i].topics[0];
            if (kind == keccak256("TransferSingle(address,address,address,uint256,uint256)")) foldMove(logs[i]);
            else if (kind == keccak256("TransferBatch(address,address,address,uint256[],uint256[])")) foldMoves(logs[i]);
            else if (kind != keccak256("URI(string,uint256)")) foldEntry(logs[i]);
        }
    }

    function foldEntry(Vm.Log memory log) private {
        bytes memory entry = abi.encodePacked(log.topics[0]);
        for (uint256 i = 2; i < log.topics.length; ++i) entry = abi.encodePacked(entry, log.topics[i]);
        enter(uint256(log.topics[1]), abi.encodePacked(entry, log.data));
    }

    function foldMove(Vm.Log memory log) private {
        (uint256 title, uint256 value) = abi.decode(log.data, (uint256, uint256));
        enter(title, abi.encodePacked(log.topics[0], log.topics[1], log.topics[2], log.topics[3], value));
    }

    function foldMoves(Vm.Log memory log) private {
        bytes32 single = keccak256("TransferSingle(address,address,address,uint256,uint256)");
        (uint256[] memory ids, uint256[] memory values) = abi.decode(log.data, (uint256[], uint256[]));
        for (uint256 i = 0; i < ids.length; ++i) {
            enter(ids[i], abi.encodePacked(single, log.topics[1], log.topics[2], log.topics[3], values[i]));
        }
    }

    function enter(uint256 title, bytes memory entry) private {
        heads[title] = keccak256(abi.encodePacked(heads[title], keccak256(entry)));
    }

    function reach(string memory name) private {
        if (reached[name] == 0) names.push(name);
        ++reached[name];
    }

    /// @dev A refusal, which must be one of those that business meets. What it logged first is no entry of the record.
    function met(string memory name, bytes memory said) private {
        vm.getRecordedLogs();
        reach(string.concat(name, " refused: ", refusal(bytes4(said))));
    }

    function refusal(bytes4 said) private pure returns (string memory) {
        if (said == ChainOfTitle.Frozen.selector) return "Frozen";
        if (said == ChainOfTitle.NotAllowed.selector) return "NotAllowed";
        if (said == Purses.Nothing.selector) return "Nothing";
        if (said == TitleRegistry.BadHolder.selector) return "BadHolder";
        if (said == TitleRegistry.NoMajority.selector) return "NoMajority";
        if (said == Licences.Conflict.selector) return "Conflict";
        if (said == Licences.NotOnSale.selector) return "NotOnSale";
        if (said == Licences.NotSeller.selector) return "NotSeller";
        if (said == Licences.NoTime.selector) return "NoTime";
        if (said == Licences.NotLicensed.selector) return "NotLicensed";
        if (said == Disputes.BadState.selector) return "BadState";
        if (said == Disputes.TooEarly.selector) return "TooEarly";
        if (said == bytes4(keccak256("ERC1155InsufficientBalance(address,uint256,uint256,uint256)"))) return "too few";
        revert("a refusal that business does not meet");
    }
}
