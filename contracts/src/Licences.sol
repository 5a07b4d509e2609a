// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ChainOfTitle} from "./ChainOfTitle.sol";
import {Signatures} from "./Signatures.sol";
import {TitleRegistry} from "./TitleRegistry.sol";

/// @title Licences by territory, medium and window.
/// @notice An offer is signed off the ledger and costs nothing until somebody takes it. No two live licences of a title
/// meet in territory, medium and time when either is exclusive. Every sale is an entry of the title too: Credited by
/// this contract with memo = keccak256(offer, licensee, start, end), so no sale can be left out of a title's record.
contract Licences is EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice A licence on sale. Its EIP-712 digest is its id.
    /// @param title The title.
    /// @param seller Who offers: the controller, or a delegate.
    /// @param token The currency of the price; the zero address is the native one.
    /// @param price What it costs.
    /// @param opens The first second at which it may be taken.
    /// @param closes The last.
    /// @param start The first second of the licence, or that of the purchase, whichever is later.
    /// @param end Its last second; zero for no limit.
    /// @param term How many seconds it lasts, up to `end`; zero for all of them.
    /// @param supply How often it may be taken, renewals included.
    /// @param media One bit for each medium; bit 31 is the remix.
    /// @param remixShares Shares that a remix must give to the title.
    /// @param exclusive Whether nobody else may hold a licence that meets it.
    /// @param revocable Whether it may be taken back.
    /// @param territory One bit for each territory; all ones for the world.
    /// @param terms sha2-256 digest of the legal text.
    /// @param salt Tells offers of the same terms apart.
    struct Offer {
        uint256 title;
        address seller;
        address token;
        uint128 price;
        uint40 opens;
        uint40 closes;
        uint40 start;
        uint40 end;
        uint40 term;
        uint32 supply;
        uint32 media;
        uint16 remixShares;
        bool exclusive;
        bool revocable;
        uint256 territory;
        bytes32 terms;
        uint256 salt;
    }

    /// @notice What was sold of an offer.
    /// @param sold How often it was taken.
    /// @param first The first second of its live licences.
    /// @param last The last.
    /// @param media As offered.
    /// @param remixShares As offered.
    /// @param exclusive As offered.
    /// @param closed Whether it is closed for good.
    /// @param listed Whether it is among the offers that new ones are compared with.
    /// @param territory As offered.
    struct Book {
        uint32 sold;
        uint40 first;
        uint40 last;
        uint32 media;
        uint16 remixShares;
        bool exclusive;
        bool closed;
        bool listed;
        uint256 territory;
    }

    /// @notice An offer is taken for the first time.
    /// @param offer The offer's id.
    /// @param title The title.
    /// @param seller Who offers.
    /// @param terms All of it.
    event Offered(bytes32 indexed offer, uint256 indexed title, address indexed seller, Offer terms);

    /// @notice Somebody holds a licence.
    /// @param title The title.
    /// @param offer The offer's id.
    /// @param licensee Who holds it.
    /// @param start Its first second.
    /// @param end Its last second.
    /// @param paid What the title was credited.
    event Granted(
        uint256 indexed title,
        bytes32 indexed offer,
        address indexed licensee,
        uint40 start,
        uint40 end,
        uint256 paid
    );

    /// @notice An offer is closed for good; licences in hand go on.
    /// @param offer The offer's id.
    /// @param title The title.
    event Withdrew(bytes32 indexed offer, uint256 indexed title);

    /// @notice A licence is taken back.
    /// @param offer The offer's id.
    /// @param licensee Who held it.
    /// @param title The title.
    event Revoked(bytes32 indexed offer, address indexed licensee, uint256 indexed title);

    /// @notice A title is a remix of another.
    /// @param child The remix.
    /// @param parent What it is made from.
    /// @param offer Under which offer's licence.
    event Derived(uint256 indexed child, uint256 indexed parent, bytes32 indexed offer);

    /// @notice The caller may not do this.
    /// @param caller Who called.
    error NotAllowed(address caller);

    /// @notice The seller does not act for the title.
    /// @param seller Who offers.
    error NotSeller(address seller);

    /// @notice The offer is closed, or its time is not now.
    /// @param found The time.
    /// @param opens The first second at which it may be taken.
    /// @param closes The last, zero when it is closed for good.
    error NotOnSale(uint256 found, uint40 opens, uint40 closes);

    /// @notice Nothing is sold of a title that stands so.
    /// @param title The title.
    /// @param found How it stands.
    error Frozen(uint256 title, ChainOfTitle.Status found);

    /// @notice The offer was taken as often as it may be.
    /// @param supply How often that is.
    error SoldOut(uint32 supply);

    /// @notice The licence would hold for no time, or for no longer than the one in hand.
    /// @param start Its first second.
    /// @param end Its last.
    error NoTime(uint40 start, uint40 end);

    /// @notice Another live licence meets this one, and either is exclusive.
    /// @param offer The other's offer.
    error Conflict(bytes32 offer);

    /// @notice Too many offers of this title are live; `prune` drops those that are not.
    /// @param limit How many may be, of exclusive ones and of others each.
    error TooMany(uint256 limit);

    /// @notice The price is not what came.
    /// @param found What came.
    /// @param expected The price.
    error BadPrice(uint256 found, uint256 expected);

    /// @notice The offer cannot be taken back.
    /// @param offer The offer's id.
    error NotRevocable(bytes32 offer);

    /// @notice This account holds no such licence now.
    /// @param offer The offer's id.
    /// @param who The account.
    error NotLicensed(bytes32 offer, address who);

    /// @notice The offer is none of a remix of this parent.
    /// @param offer The offer's id.
    error NoRemix(bytes32 offer);

    /// @notice The parent holds too few shares of the remix.
    /// @param found What it holds.
    /// @param expected What the licence asks for.
    error BadShares(uint256 found, uint256 expected);

    /// @notice How many offers of a title may be live, of exclusive ones and of others each.
    uint256 public constant LIMIT = 64;

    /// @notice The medium of making another film from this one.
    uint32 public constant REMIX = 1 << 31;

    bytes32 private constant OFFER = keccak256(
        "Offer(uint256 title,address seller,address token,uint128 price,uint40 opens,uint40 closes,uint40 start,uint40 end,uint40 term,uint32 supply,uint32 media,uint16 remixShares,bool exclusive,bool revocable,uint256 territory,bytes32 terms,uint256 salt)"
    );

    /// @notice Where the titles are.
    TitleRegistry public immutable TITLES;

    /// @notice What was sold of an offer.
    mapping(bytes32 offer => Book) public books;

    /// @notice The last second of somebody's licence under an offer; zero for none.
    mapping(bytes32 offer => mapping(address licensee => uint40)) public until;

    mapping(uint256 title => bytes32[]) private exclusives;
    mapping(uint256 title => bytes32[]) private others;

    /// @param titles Where the titles are.
    constructor(TitleRegistry titles) EIP712("CinepeerLicences", "1") {
        TITLES = titles;
    }

    /// @notice The id of an offer: what its seller signs.
    /// @param offer The offer.
    /// @return Its EIP-712 digest.
    function hashOf(Offer calldata offer) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(OFFER, offer)));
    }

    /// @notice The offers that a new one is compared with.
    /// @param title The title.
    /// @return exclusive Those that exclude.
    /// @return shared Those that do not.
    function listed(uint256 title) external view returns (bytes32[] memory exclusive, bytes32[] memory shared) {
        return (exclusives[title], others[title]);
    }

    /// @notice Whether somebody holds a licence now.
    /// @param offer The offer's id.
    /// @param who The account.
    /// @return True from its first second to its last.
    function licensed(bytes32 offer, address who) public view returns (bool) {
        // Before the window of its offer begins no licence of it has; after that every licence sold has begun.
        return until[offer][who] >= block.timestamp && books[offer].first <= block.timestamp;
    }

    /// @notice Takes an offer for somebody. A renewal runs on from the licence in hand.
    /// @param offer The offer.
    /// @param signature The seller's, over the offer; empty when the seller calls.
    /// @param licensee Who shall hold the licence.
    /// @return id The offer's id.
    function buy(Offer calldata offer, bytes calldata signature, address licensee)
        external
        payable
        nonReentrant
        returns (bytes32 id)
    {
        id = hashOf(offer);
        if (!TITLES.can(offer.title, offer.seller)) revert NotSeller(offer.seller);
        if (msg.sender != offer.seller) Signatures.verify(offer.seller, id, signature);
        _verifyOnSale(offer, id);
        (uint40 start, uint40 end) = _window(offer, until[id][licensee]);
        _verifyFree(offer, start, end);
        _enter(offer, id, start, end);
        until[id][licensee] = end;
        uint256 paid = _pay(offer, keccak256(abi.encode(id, licensee, start, end)));
        emit Granted(offer.title, id, licensee, start, end, paid);
    }

    /// @notice Closes an offer for good, sold or not; licences in hand go on.
    /// @param offer The offer.
    function close(Offer calldata offer) external {
        if (!TITLES.can(offer.title, msg.sender)) revert NotAllowed(msg.sender);
        bytes32 id = hashOf(offer);
        books[id].closed = true;
        emit Withdrew(id, offer.title);
    }

    /// @notice Takes back a licence that was sold as revocable, begun or not. What it excluded may be sold again.
    /// @param offer The offer.
    /// @param licensee Who holds it.
    function revoke(Offer calldata offer, address licensee) external {
        if (!TITLES.can(offer.title, msg.sender)) revert NotAllowed(msg.sender);
        bytes32 id = hashOf(offer);
        if (!offer.revocable) revert NotRevocable(id);
        if (until[id][licensee] < block.timestamp) revert NotLicensed(id, licensee);
        // One licence of an exclusive offer is live at a time, so this was the one that held the window.
        if (offer.exclusive) books[id].last = uint40(block.timestamp) - 1;
        until[id][licensee] = 0;
        emit Revoked(id, licensee, offer.title);
    }

    /// @notice States that a title is a remix of another, under a licence of the caller's and for the shares it asks.
    /// @param child The remix, which the caller acts for.
    /// @param parent What it is made from.
    /// @param offer The licence's offer.
    function derive(uint256 child, uint256 parent, Offer calldata offer) external {
        if (!TITLES.can(child, msg.sender)) revert NotAllowed(msg.sender);
        bytes32 id = hashOf(offer);
        if (child == parent || offer.title != parent || offer.media & REMIX == 0) revert NoRemix(id);
        if (!licensed(id, msg.sender)) revert NotLicensed(id, msg.sender);
        uint256 shares = TITLES.balanceOf(address(uint160(parent)), child);
        if (shares < offer.remixShares) revert BadShares(shares, offer.remixShares);
        emit Derived(child, parent, id);
    }

    /// @notice Drops a title's lapsed offers from those that new ones are compared with. Anyone may.
    /// @param title The title.
    function prune(uint256 title) external {
        _prune(exclusives[title]);
        _prune(others[title]);
    }

    function _verifyOnSale(Offer calldata offer, bytes32 id) private view {
        ChainOfTitle.Status status = TITLES.statusOf(offer.title);
        if (status > ChainOfTitle.Status.Contested) revert Frozen(offer.title, status);
        Book storage book = books[id];
        if (book.closed) revert NotOnSale(block.timestamp, offer.opens, 0);
        if (block.timestamp < offer.opens || block.timestamp > offer.closes) {
            revert NotOnSale(block.timestamp, offer.opens, offer.closes);
        }
        if (book.sold >= offer.supply) revert SoldOut(offer.supply);
    }

    /// @param held The last second of the licence in hand, zero for none.
    function _window(Offer calldata offer, uint40 held) private view returns (uint40 start, uint40 end) {
        uint40 time = uint40(block.timestamp);
        start = offer.start > time ? offer.start : time;
        if (held >= start && offer.term != 0 && held < type(uint40).max) start = held + 1;
        end = offer.end == 0 ? type(uint40).max : offer.end;
        if (offer.term != 0 && uint256(start) + offer.term - 1 < end) end = start + offer.term - 1;
        if (end < start || end <= held) revert NoTime(start, end);
    }

    function _verifyFree(Offer calldata offer, uint40 start, uint40 end) private view {
        _verifyApart(exclusives[offer.title], offer, start, end);
        if (offer.exclusive) _verifyApart(others[offer.title], offer, start, end);
    }

    function _verifyApart(bytes32[] storage list, Offer calldata offer, uint40 start, uint40 end) private view {
        uint256 count = list.length;
        for (uint256 i = 0; i < count; ++i) {
            Book storage book = books[list[i]];
            bool meetsInTime = start <= book.last && end >= book.first;
            if (meetsInTime && book.media & offer.media != 0 && book.territory & offer.territory != 0) {
                revert Conflict(list[i]);
            }
        }
    }

    function _enter(Offer calldata offer, bytes32 id, uint40 start, uint40 end) private {
        Book storage book = books[id];
        bool isLive = book.last >= block.timestamp;
        if (book.sold == 0) _open(offer, id);
        if (!book.listed) _list(offer, id);
        ++book.sold;
        // No later purchase begins earlier, so the first of the live ones holds.
        if (!isLive) book.first = start;
        if (!isLive || end > book.last) book.last = end;
    }

    function _open(Offer calldata offer, bytes32 id) private {
        books[id] = Book({
            sold: 0,
            first: 0,
            last: 0,
            media: offer.media,
            remixShares: offer.remixShares,
            exclusive: offer.exclusive,
            closed: false,
            listed: false,
            territory: offer.territory
        });
        emit Offered(id, offer.title, offer.seller, offer);
    }

    function _list(Offer calldata offer, bytes32 id) private {
        bytes32[] storage list = offer.exclusive ? exclusives[offer.title] : others[offer.title];
        if (list.length >= LIMIT) revert TooMany(LIMIT);
        list.push(id);
        books[id].listed = true;
    }

    function _prune(bytes32[] storage list) private {
        uint256 i = 0;
        while (i < list.length) {
            Book storage book = books[list[i]];
            if (book.last >= block.timestamp) {
                ++i;
            } else {
                book.listed = false;
                list[i] = list[list.length - 1];
                list.pop();
            }
        }
    }

    function _pay(Offer calldata offer, bytes32 memo) private returns (uint256 paid) {
        uint256 expected = offer.token == address(0) ? offer.price : 0;
        if (msg.value != expected) revert BadPrice(msg.value, expected);
        if (offer.token != address(0)) {
            IERC20(offer.token).safeTransferFrom(msg.sender, address(TITLES), offer.price);
        }
        paid = TITLES.credit{value: msg.value}(offer.title, offer.token, memo);
        // A token that keeps a part for itself does not pay the price.
        if (paid < offer.price) revert BadPrice(paid, offer.price);
    }
}
