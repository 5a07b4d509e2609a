/** What each check of an audit is called, what it expects and what it rests on, in the page's languages. */

import type { Language } from '../words/words.svelte';

/** A check in words. */
export interface Told {
  readonly name: string;
  readonly expected: string;
  readonly restsOn: string;
}

type Row = readonly [name: string, expected: string, restsOn: string];

const EN: { readonly [check: string]: Row } = {
  'every block matches its id': ['Every block matches its id', 'a CAR v1 in its one form, in which every block hashes to its id', 'SHA-256 of every block'],
  'the bundle holds its parts and nothing else': ['The bundle holds its parts and nothing else', 'every block that the manifest leads to, once, in the order of the format', "the links from the manifest on, which the CAR's header names"],
  "the bundle's parts can be read": ["The bundle's parts can be read", 'the forms of the format', 'the specification of the format'],
  network: ['Network', "the genesis that the network's id is the hash of", 'SHA-256 of the genesis'],
  block: ['Block', "a header signed by the network's sequencer", "the sequencer's Ed25519 signature over the Keccak of the header"],
  'block of a chain of others': ['Block of a chain of others', "a header of the chain on which the network's contracts stand, not from before them", 'nothing in this bundle: its hash is to be compared at endpoints that you trust'],
  'contract set': ['Contract set', "a further contract set that the network's founder named, in force before this block", "the founder's signature over each further set, and the genesis that names the founder"],
  contract: ['Contract {rest}', 'the shipped code at the address that follows from who made the set, and slots under the state root', "an account proof under the signed state root, and the verifier's own copy of the code"],
  log: ['Log', "entries of the contract set in the ledger's order, none after the block, each following from those before", 'the replay of the log by this verifier'],
  "title's record is complete": ["The title's record is complete", 'the fold of every entry of the title equals the head that the contract keeps', 'a storage proof under the signed state root'],
  "title's id": ["The title's id", 'the address that follows from the creator and the content', "Keccak (EIP-1014) with the shipped purse's code"],
  'competing claims': ['Competing claims', 'no earlier title of the same content or film record', 'the registrations as they are here'],
  'control and status': ['Control and status', "controller, time, status and metadata of the replay equal the contract's words", 'a storage proof under the signed state root'],
  shares: ['Shares', 'shares that sum to 10000', "the replay of the title's complete record"],
  deed: ['Deed', 'the deed that was registered, signed by its creator', "the creator's secp256k1 signature (EIP-712) over the deed for this chain and contract"],
  licence: ['Licence {rest}', 'a licence under an offer that its seller signed, held for as long as the contract says', "the seller's signature (EIP-712), and a storage proof of the licence's end"],
  'licences are complete': ['Licences are complete', "one licence for each sale in the title's record, and one sale for each licence", "the title's complete record, in which the contract Licences enters every sale"],
  exclusivity: ['Exclusivity', 'no two licences meet in territory, medium and time where one is exclusive', 'the replay of the log'],
  'payments and withdrawals': ['Payments and withdrawals', "what the record says was paid in and out equals the contract's purse", "the title's complete record and a storage proof of each purse"],
  'anchors of': ['Anchors of {rest}', "the chain of the account's anchors ends in the head that the contract keeps", 'a storage proof under the signed state root'],
  records: ['Records', 'records in their one form, signed by devices that their authors admitted, each following the one before', "Ed25519 signatures and the authors' own chains of keys"],
  'no forks': ['No forks', 'no device that signed two records of one place in its feed', 'the records of this bundle; a fork held elsewhere would show there'],
  'film record': ['Film record', 'a counted film record, whose digest the deed holds as metadata', "its author's signature, and the deed's"],
  'version record': ['Version record', 'a counted version of the film by the same author, whose root and source the deed holds', "its author's signature, and the deed's"],
  'author and account': ['Author and account', "a title record by the film's author that states this deed, signature and title", "the author's signature over the account's, and the account's over the film record"],
  'bytes of the film': ['Bytes of the film', "every block under the version's root, and the counts that the version states", 'SHA-256 of every block, from the root on'],
  rating: ['Rating {rest}', 'a counted rating of this film within a root that was anchored by the block', "its author's signature, the RFC 6962 path to the root, and the proven chain of anchors"],
  witnesses: ['Witnesses', 'no witness of another block at this height', "the witnesses' Ed25519 signatures"],
  "the author's feeds are whole": ["The author's feeds are whole", 'every feed of the author from its first place on, none left out between two', 'each record names the one before it'],
  subject: ['Subject', "the id of the bundle's network", "the manifest, which the CAR's header names"],
  'network records': ['Network records', 'no counted network record of this chain that names another genesis', "their authors' Ed25519 signatures"],
  'authors and accounts': ['Authors and accounts', "each account that an author's newest profile names signed for that author", "the author's Ed25519 signature over the account, and the account's secp256k1 signature over the author"],
  'log of anchors': ['Log of anchors', "entries of Anchors in the ledger's order, none after the block, each following the account's last", 'the replay of the log by this verifier'],
  'anchored trees': ['Anchored trees', 'each anchored root is the RFC 6962 tree over the first leaves here, so that each began the next', 'SHA-256 over all leaves, and the proven chain of anchors'],
  'feeds and anchors': ['Feeds and anchors', 'the anchored records of each feed here are its first ones', "the leaves' places in the anchored tree"],
  'no anchored record is missing': ['No anchored record is missing', 'every record of the author under the last anchor is in this bundle', 'the records that are the leaves of the anchored tree'],
  'shared trie nodes': ['Shared trie nodes', "nodes of the contracts' storage in their one form", 'Keccak of every node'],
  title: ['Title {rest}', 'all checks of a title, as for one film', "the title's own complete entries, proofs under the signed state root, its owners' signatures"],
  signature: ["List's signature", 'a signature by the device that made the list', "the device's Ed25519 signature over the whole statement"],
  model: ['Model', 'the model that the receipt names', 'SHA-256 of the bytes in the receipt'],
  history: ['History', 'each rating as it was committed to', 'SHA-256 of each rating with its salt'],
  list: ['List', 'the films of the receipt with their scores, bit for bit', "ranking anew by whole numbers from the model's bytes and the history"],
  'money held': ['Money held', 'the contract holds at least what the purses of the titles here hold', "an account proof of the contract's balance under the signed state root"],
};

const ZH: { readonly [check: string]: Row } = {
  'every block matches its id': ['每个块与其标识相符', '形式唯一的 CAR v1，其中每个块的散列就是它的标识', '每个块的 SHA-256'],
  'the bundle holds its parts and nothing else': ['审计包只含其组成部分', '清单指向的每个块，各一次，按格式的顺序', 'CAR 头部所指清单起的链接'],
  "the bundle's parts can be read": ['各部分可以读取', '格式规定的形式', '格式的规范'],
  network: ['网络', '散列即网络标识的创世块', '创世块的 SHA-256'],
  block: ['区块', '由该网络的排序者签名的区块头', '排序者对区块头 Keccak 的 Ed25519 签名'],
  'block of a chain of others': ['他人之链的区块', '网络合约所在链的区块头，不早于合约', '本包不能证明：请在你信任的端点比对其哈希'],
  'contract set': ['合约组', '由网络创建者指明、在该区块之前生效的另一组合约', '创建者对每一组合约的签名，以及指明创建者的创世块'],
  contract: ['合约 {rest}', '由合约组部署者推出的地址上是随附的代码，存储槽在状态根之下', '已签名状态根下的账户证明，以及核对者自己的代码副本'],
  log: ['日志', '合约组的条目按账本顺序，没有晚于该区块的，每条承接之前的', '本核对者重放日志'],
  "title's record is complete": ['权属记录完整', '该权属全部条目的折叠等于合约保存的头', '已签名状态根下的存储证明'],
  "title's id": ['权属的标识', '由创作者与内容推出的地址', '用随附的收款代码计算的 Keccak（EIP-1014）'],
  'competing claims': ['冲突的主张', '没有更早的、内容或影片记录相同的权属', '此处的登记'],
  'control and status': ['控制与状态', '重放得到的控制者、时间、状态与元数据等于合约的数据', '已签名状态根下的存储证明'],
  shares: ['份额', '份额合计 10000', '重放该权属的完整记录'],
  deed: ['契据', '所登记的、由创作者签名的契据', '创作者为此链与合约签署契据的 secp256k1 签名（EIP-712）'],
  licence: ['许可 {rest}', '卖方已签名的报价下的许可，期限与合约一致', '卖方的签名（EIP-712）与许可期限的存储证明'],
  'licences are complete': ['许可完整', '权属记录中每笔销售有一项许可，每项许可有一笔销售', '该权属的完整记录，许可合约在其中登记每笔销售'],
  exclusivity: ['独占', '没有两项许可在地区、媒介与时间上相交而其一为独占', '重放日志'],
  'payments and withdrawals': ['付款与提取', '记录中的收付等于合约的钱袋', '该权属的完整记录与每个钱袋的存储证明'],
  'anchors of': ['{rest} 的锚', '该账户的锚链止于合约保存的头', '已签名状态根下的存储证明'],
  records: ['记录', '形式唯一的记录，由作者准许的设备签名，每条承接前一条', 'Ed25519 签名与作者自己的密钥链'],
  'no forks': ['没有分叉', '没有设备在其记录流的同一位置签过两条记录', '本包的记录；别处持有的分叉会在别处显现'],
  'film record': ['影片记录', '有效的影片记录，契据以其摘要为元数据', '其作者的签名与契据的签名'],
  'version record': ['版本记录', '同一作者的有效版本，契据含其根与源', '其作者的签名与契据的签名'],
  'author and account': ['作者与账户', '影片作者的权属记录，陈述此契据、签名与权属', '作者对账户签名的签名，以及账户对影片记录的签名'],
  'bytes of the film': ['影片的字节', '版本根下的每个块，以及版本所述的数目', '自根起每个块的 SHA-256'],
  rating: ['评分 {rest}', '对此影片的有效评分，在该区块前已锚定的根之中', '其作者的签名、到根的 RFC 6962 路径与已证明的锚链'],
  witnesses: ['见证', '没有对此高度另一区块的见证', '见证者的 Ed25519 签名'],
  "the author's feeds are whole": ['作者的记录流完整', '作者的每个记录流自第一个位置起，中间无缺', '每条记录指出它的前一条'],
  subject: ['主题', '审计包所属网络的标识', 'CAR 头部所指的清单'],
  'network records': ['网络记录', '没有指向另一创世的有效网络记录', '其作者的 Ed25519 签名'],
  'authors and accounts': ['作者与账户的绑定', '作者最新简介所指的账户为该作者签了名', '作者对账户的 Ed25519 签名，以及账户对作者的 secp256k1 签名'],
  'log of anchors': ['锚的日志', '锚的条目按账本顺序，没有晚于该区块的，每条承接该账户的上一条', '本核对者重放日志'],
  'anchored trees': ['锚定的树', '每个锚定的根是此处前若干叶的 RFC 6962 树，因此每棵都是下一棵的开头', '全部叶的 SHA-256 与已证明的锚链'],
  'feeds and anchors': ['记录流与锚', '每个记录流中已锚定的记录是它最前的记录', '叶在锚定的树中的位置'],
  'no anchored record is missing': ['没有缺少已锚定的记录', '最后一个锚之下该作者的每条记录都在本包', '作为锚定的树之叶的记录'],
  'shared trie nodes': ['共用的树节点', '合约存储的节点，形式唯一', '每个节点的 Keccak'],
  title: ['权属 {rest}', '与单部影片相同的全部权属核对', '该权属自己的完整条目、已签名状态根下的证明、所有者的签名'],
  signature: ['榜单的签名', '制作榜单的设备的签名', '设备对整份陈述的 Ed25519 签名'],
  model: ['模型', '收据所指的模型', '收据中字节的 SHA-256'],
  history: ['历史', '每个评分都与承诺相符', '每个评分加盐后的 SHA-256'],
  list: ['榜单', '收据中的影片及其分数，逐位相同', '由模型字节与历史以整数重新排序'],
  'money held': ['持有的钱', '合约的余额不少于此处各权属的钱袋', '已签名状态根下合约余额的账户证明'],
};

const PREFIXES = ['anchors of', 'contract', 'licence', 'rating', 'title'];

/** A check in words; one that the table does not know is told by its own name. */
export function told(check: string, language: Language): Told {
  const table = language === 'zh' ? ZH : EN;
  const prefix = table[check] ? check : PREFIXES.find((one) => check.startsWith(`${one} `));
  const row = prefix === undefined ? undefined : table[prefix];
  if (prefix === undefined || row === undefined) return { name: check, expected: '', restsOn: '' };
  const [name, expected, restsOn] = row;
  return { name: name.replace('{rest}', check.slice(prefix.length + 1)), expected, restsOn };
}

/** All checks that have words. */
export function knownChecks(): readonly string[] {
  return Object.keys(EN);
}

/** Checks that have words in one language and not in the other; there are none. */
export function untold(): readonly string[] {
  const all = new Set([...Object.keys(EN), ...Object.keys(ZH)]);
  return [...all].filter((check) => EN[check] === undefined || ZH[check] === undefined);
}
