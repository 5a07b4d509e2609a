// Drives a ledger by unmodified ethers: node ethers.mjs URL KEY CREATION ABI; says what it saw as one line of JSON.
import { Contract, ContractFactory, JsonRpcProvider, NonceManager, Wallet } from "ethers";

const [url, key, creation, abi] = process.argv.slice(2);
const provider = new JsonRpcProvider(url, undefined, { pollingInterval: 50 });
const wallet = new NonceManager(new Wallet(key, provider));
const network = await provider.getNetwork();
const counter = await new ContractFactory(JSON.parse(abi), creation, wallet).deploy({ gasLimit: 200000 });
await counter.waitForDeployment();
const at = await counter.getAddress();
const call = { to: at, data: "0x01" };
const sent = await Promise.all([1, 2, 3].map(() => wallet.sendTransaction(call)));
const receipts = await Promise.all(sent.map((one) => one.wait()));
const events = await new Contract(at, JSON.parse(abi), provider).queryFilter("Counted", 0, "latest");
let refusal = "";
try {
  await provider.call({ to: at, data: "0x" });
} catch (error) {
  refusal = counter.interface.parseError(error.data)?.name ?? String(error);
}
const block = await provider.getBlock(receipts[2].blockNumber, true);
const proof = await provider.send("eth_getProof", [at, ["0x0"], "latest"]);
const fees = await provider.getFeeData();
const found = {
  chain: Number(network.chainId),
  statuses: receipts.map((one) => one.status),
  counts: events.map((one) => Number(one.args.count)),
  refusal,
  transactions: block.prefetchedTransactions.map((one) => one.to),
  stored: Number(await provider.getStorage(at, 0)),
  proved: Number(proof.storageProof[0].value),
  gasPrice: Number(fees.maxFeePerGas),
  nonce: await provider.getTransactionCount(await wallet.getAddress()),
  code: (await provider.getCode(at)).length > 2,
  estimate: Number(await provider.estimateGas({ ...call, from: await wallet.getAddress() })),
  balance: Number(await provider.getBalance(at)),
  looked: (await provider.getTransactionReceipt(sent[0].hash)).hash === sent[0].hash,
};
console.log(JSON.stringify(found));
provider.destroy();
