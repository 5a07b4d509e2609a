"""Accounts that are contracts: one that misbehaves as it is told, and a token that does."""

from __future__ import annotations

from functools import cache
from typing import Any

import boa

_ACTOR = """
# pragma version ~=0.4.0
mode: public(uint256)    # what happens when money or shares come: 0 taken, 1 refused, 2 a call is made, 3 all gas burns
target: address
calldata: Bytes[4096]
strict: bool             # whether the call made must hold
signed: HashMap[bytes32, bool]
answers: public(uint256) # calls made, and whether they held: made * 1000 + held

@external
def be(mode: uint256, target: address, calldata: Bytes[4096], strict: bool):
    self.mode = mode
    self.target = target
    self.calldata = calldata
    self.strict = strict

@external
def sign(digest: bytes32):
    self.signed[digest] = True

@internal
def react():
    if self.mode == 1:
        raise "not wanted"
    if self.mode == 2:
        held: bool = raw_call(self.target, self.calldata, revert_on_failure=False)
        self.answers += 1000
        if held:
            self.answers += 1
        assert held or not self.strict
    if self.mode == 3:
        for i: uint256 in range(10 ** 9):
            self.answers = i

@external
@payable
def act(target: address, calldata: Bytes[4096]) -> Bytes[1024]:
    return raw_call(target, calldata, value=msg.value, max_outsize=1024)

@external
def onERC1155Received(operator: address, origin: address, id: uint256, amount: uint256, data: Bytes[64]) -> bytes4:
    self.react()
    return 0xf23a6e61

@view
@external
def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> bytes4:
    if self.signed[digest]:
        return 0x1626ba7e
    return 0xffffffff

@external
@payable
def __default__():
    self.react()
"""

_TOKEN = """
# pragma version ~=0.4.0
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
mode: public(uint256)    # 0 honest, 1 keeps a tenth, 2 says no and moves nothing, 3 reverts, 4 calls somebody first
blocked: HashMap[address, bool]
target: address
calldata: Bytes[4096]

@external
def be(mode: uint256, target: address, calldata: Bytes[4096]):
    self.mode = mode
    self.target = target
    self.calldata = calldata

@external
def block(who: address):
    self.blocked[who] = True

@external
def mint(who: address, amount: uint256):
    self.balanceOf[who] += amount

@external
def approve(who: address, amount: uint256) -> bool:
    self.allowance[msg.sender][who] = amount
    return True

@internal
def move(origin: address, to: address, amount: uint256) -> bool:
    assert not self.blocked[to], "blocked"
    if self.mode == 2:
        return False
    assert self.mode != 3, "closed"
    if self.mode == 4:
        self.mode = 0
        raw_call(self.target, self.calldata)
    self.balanceOf[origin] -= amount
    kept: uint256 = amount // 10 if self.mode == 1 else 0
    self.balanceOf[to] += amount - kept
    return True

@external
def transfer(to: address, amount: uint256) -> bool:
    return self.move(msg.sender, to, amount)

@external
def transferFrom(origin: address, to: address, amount: uint256) -> bool:
    self.allowance[origin][msg.sender] -= amount
    return self.move(origin, to, amount)
"""


@cache
def _compiled(source: str) -> Any:
    return boa.loads_partial(source)


def actor() -> Any:
    """A new account that takes money, shares and signatures as it is told."""
    return _compiled(_ACTOR).deploy()


def token() -> Any:
    """A new currency."""
    return _compiled(_TOKEN).deploy()
