// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ChainOfTitle} from "../src/ChainOfTitle.sol";
import {Disputes} from "../src/Disputes.sol";
import {Licences} from "../src/Licences.sol";
import {Purses} from "../src/Purses.sol";
import {TitleRegistry} from "../src/TitleRegistry.sol";
import {Stage} from "./Stage.sol";
import {Vm, vm} from "./Vm.sol";

/// @title What is known from outside of films, people and what they did: shares, licences, heads replayed from the log.
abstract contract Known is Stage {
    struct Grant {
        bytes32 offer;
        uint256 place;
        address licensee;
        uint40 start;
        uint40 end;
    }

    uint256 internal constant MOST = 4;

    address[4] public people;
    uint256[] public films;
    address[] internal creators;
    bytes32[] internal contents;
    Licences.Offer[] internal offers;
    Grant[] internal grants;
    uint256[] public cases;
    mapping(uint256 title => bytes32) public heads;
    mapping(uint256 title => bool) public ruledVoid;
    string[] public names;
    mapping(string name => uint256) public reached;

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

    function meets(Grant storage one, Grant storage other) internal view returns (bool) {
        if (one.end < block.timestamp || other.end < block.timestamp) return false;
        if (one.start > other.end || other.start > one.end) return false;
        Licences.Offer storage first = offers[one.place];
        Licences.Offer storage second = offers[other.place];
        bool samePlace = first.media & second.media != 0 && first.territory & second.territory != 0;
        return first.title == second.title && samePlace && (first.exclusive || second.exclusive);
    }

    function ownership() internal view returns (bytes32 whole) {
        for (uint256 i = 0; i < films.length; ++i) {
            whole = keccak256(abi.encode(whole, films[i], controllerOf(films[i]), tenureOf(films[i])));
            for (uint256 who = 0; who < accountCount(); ++who) {
                whole = keccak256(abi.encode(whole, titles.balanceOf(account(who), films[i])));
            }
        }
    }

    // Picks

    function film(uint256 a) internal view returns (uint256) {
        return films[a % films.length];
    }

    function controllerOf(uint256 title) internal view returns (address who) {
        (who,,,,,,) = titles.titles(title);
    }

    function tenureOf(uint256 title) internal view returns (uint32 tenure) {
        (,,,, tenure,,) = titles.titles(title);
    }

    /// @dev A film and one of the people that hold it, when one does.
    function holding(uint256 a) internal view returns (uint256 title, address who) {
        title = film(a);
        for (uint256 i = 0; i < 4; ++i) {
            who = people[(a / 8 + i) % 4];
            if (titles.balanceOf(who, title) != 0) return (title, who);
        }
    }

    /// @dev An open case from where `a` points on, or that one when all are over.
    function open(uint256 a) internal view returns (uint256) {
        for (uint256 i = 0; i < cases.length; ++i) {
            uint256 id = cases[(a % cases.length + i) % cases.length];
            (,, Disputes.State state,,,,) = disputes.cases(id);
            if (state == Disputes.State.Noticed || state == Disputes.State.Answered) return id;
        }
        return cases[a % cases.length];
    }

    /// @dev Somebody who has something coming, from the account numbered `first` on; that one when nobody has.
    function claimant(uint256 title, address token, uint256 first) internal view returns (address who) {
        for (uint256 i = 0; i < accountCount(); ++i) {
            who = account(first + i);
            if (titles.claimable(title, token, who) != 0) return who;
        }
        return account(first);
    }

    function isFilm(address who) internal view returns (bool) {
        return titles.statusOf(uint160(who)) != ChainOfTitle.Status.None;
    }

    function sortedFilms() internal view returns (uint256[] memory sorted) {
        sorted = films;
        for (uint256 i = 1; i < sorted.length; ++i) {
            for (uint256 j = i; j > 0 && sorted[j] < sorted[j - 1]; --j) {
                (sorted[j], sorted[j - 1]) = (sorted[j - 1], sorted[j]);
            }
        }
    }

    /// @dev The people of a set of four bits, in ascending order of their addresses, and their votes.
    function ballot(bytes32 said, uint256 set) internal view returns (address[] memory who, bytes[] memory votes) {
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

    function take(uint256 place, address who) internal {
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

    function noteGrant(uint256 place, bytes32 id, address who) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        fold(logs);
        Vm.Log memory last = logs[logs.length - 1];
        require(last.topics[0] == Licences.Granted.selector && last.topics[2] == id, "the last entry is the grant");
        (uint40 start, uint40 end,) = abi.decode(last.data, (uint40, uint40, uint256));
        grants.push(Grant(id, place, who, start, end));
    }

    function replay() internal {
        fold(vm.getRecordedLogs());
    }

    /// @dev The heads as the log alone gives them.
    function fold(Vm.Log[] memory logs) internal {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(titles)) continue;
            bytes32 kind = logs[i].topics[0];
            if (kind == keccak256("TransferSingle(address,address,address,uint256,uint256)")) foldMove(logs[i]);
            else if (kind == keccak256("TransferBatch(address,address,address,uint256[],uint256[])")) foldMoves(logs[i]);
            else if (kind != keccak256("URI(string,uint256)")) foldEntry(logs[i]);
        }
    }

    function foldEntry(Vm.Log memory log) internal {
        bytes memory entry = abi.encodePacked(log.topics[0]);
        for (uint256 i = 2; i < log.topics.length; ++i) entry = abi.encodePacked(entry, log.topics[i]);
        enter(uint256(log.topics[1]), abi.encodePacked(entry, log.data));
    }

    function foldMove(Vm.Log memory log) internal {
        (uint256 title, uint256 value) = abi.decode(log.data, (uint256, uint256));
        enter(title, abi.encodePacked(log.topics[0], log.topics[1], log.topics[2], log.topics[3], value));
    }

    function foldMoves(Vm.Log memory log) internal {
        bytes32 single = keccak256("TransferSingle(address,address,address,uint256,uint256)");
        (uint256[] memory ids, uint256[] memory values) = abi.decode(log.data, (uint256[], uint256[]));
        for (uint256 i = 0; i < ids.length; ++i) {
            enter(ids[i], abi.encodePacked(single, log.topics[1], log.topics[2], log.topics[3], values[i]));
        }
    }

    function enter(uint256 title, bytes memory entry) internal {
        heads[title] = keccak256(abi.encodePacked(heads[title], keccak256(entry)));
    }

    function reach(string memory name) internal {
        if (reached[name] == 0) names.push(name);
        ++reached[name];
    }

    /// @dev A refusal, which must be one of those that business meets. What it logged first is no entry of the record.
    function met(string memory name, bytes memory said) internal {
        vm.getRecordedLogs();
        reach(string.concat(name, " refused: ", refusal(bytes4(said))));
    }

    function refusal(bytes4 said) internal pure returns (string memory) {
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
