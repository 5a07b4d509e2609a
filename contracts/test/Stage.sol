// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Anchors} from "../src/Anchors.sol";
import {Disputes} from "../src/Disputes.sol";
import {Licences} from "../src/Licences.sol";
import {TitleRegistry} from "../src/TitleRegistry.sol";
import {Coin} from "./Coin.sol";
import {vm} from "./Vm.sol";

/// @title Creates what it is given, from its own first transactions on.
contract Deployer {
    function create(bytes memory code) external returns (address made) {
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), "not created");
    }
}

/// @title The shipped set on forge's chain, with a plain currency and one that keeps a tenth of every move.
abstract contract Stage {
    uint96 internal constant BOND = 0.1 ether;
    uint256 internal constant BIRTH = 1_700_000_000;
    address internal constant ARBITER = address(0xA4B17E4);
    bytes32 internal constant DEED = keccak256(
        "Deed(address creator,bytes32 content,bytes32 metadata,bytes32 fingerprint,uint8 codec,uint16 royalty,uint256 deadline,address[] holders,uint16[] shares)"
    );
    bytes32 internal constant ELECT =
        keccak256("Elect(uint256 title,address from,address to,uint32 tenure,uint256 deadline)");
    bytes32 internal constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    TitleRegistry public titles;
    Disputes public disputes;
    Licences public licences;
    Anchors public anchors;
    Coin public coin;
    Coin public taxed;

    function deploySet() internal {
        vm.warp(BIRTH);
        coin = new Coin(0);
        taxed = new Coin(10);
        Deployer deployer = new Deployer();
        address expected = address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", deployer, hex"02")))));
        address[3] memory tokens = [address(coin), address(taxed), address(0)];
        titles = TitleRegistry(payable(deployer.create(shipped("TitleRegistry", abi.encode(expected, tokens)))));
        disputes = Disputes(deployer.create(shipped("Disputes", abi.encode(titles, ARBITER, BOND))));
        licences = Licences(deployer.create(shipped("Licences", abi.encode(titles))));
        anchors = Anchors(deployer.create(shipped("Anchors", "")));
        require(address(disputes) == expected, "the disputes are misplaced");
    }

    /// @dev The creation code of a shipped artifact, with the constructor's arguments.
    function shipped(string memory name, bytes memory arguments) internal view returns (bytes memory) {
        string memory path = string.concat("../node/cinepeer/adapters/chain/artifacts/", name, ".json");
        return abi.encodePacked(vm.parseJsonBytes(vm.readFile(path), ".bytecode"), arguments);
    }

    function oneHolder(address creator, bytes32 content) internal pure returns (TitleRegistry.Deed memory) {
        address[] memory holders = new address[](1);
        uint16[] memory shares = new uint16[](1);
        (holders[0], shares[0]) = (creator, 10_000);
        return TitleRegistry.Deed(creator, content, content, content, 0x70, 500, type(uint256).max, holders, shares);
    }

    function offerOf(uint256 title, address seller) internal pure returns (Licences.Offer memory offer) {
        offer.title = title;
        offer.seller = seller;
        offer.closes = type(uint40).max;
        offer.supply = 1000;
        offer.media = 1;
        offer.territory = 1;
    }

    function digestOf(TitleRegistry.Deed memory deed) internal view returns (bytes32) {
        bytes memory first = abi.encode(DEED, deed.creator, deed.content, deed.metadata, deed.fingerprint, deed.codec);
        bytes32 holders = keccak256(abi.encodePacked(deed.holders));
        bytes32 shares = keccak256(abi.encodePacked(deed.shares));
        bytes memory rest = abi.encode(deed.royalty, deed.deadline, holders, shares);
        return domained("CinepeerTitles", address(titles), keccak256(bytes.concat(first, rest)));
    }

    function domained(bytes memory name, address where, bytes32 said) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256(name), keccak256("1"), block.chainid, where));
        return keccak256(abi.encodePacked(hex"1901", domain, said));
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
