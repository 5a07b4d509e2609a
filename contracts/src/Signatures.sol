// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title The one verdict on a signature, for people's keys and for contracts.
library Signatures {
    /// @notice The signature is not the signer's over what it should say.
    /// @param signer Whose signature was expected.
    error BadSignature(address signer);

    /// @dev Refuses a signature that `isValid` does not take.
    /// @param signer Whose signature is expected.
    /// @param digest What should be signed.
    /// @param signature 65 bytes of a key, or whatever the signer's contract reads.
    function verify(address signer, bytes32 digest, bytes calldata signature) internal view {
        if (!isValid(signer, digest, signature)) revert BadSignature(signer);
    }

    /// @dev A key's own signature comes first, so that an account which lends itself code (EIP-7702) still signs as
    /// before; only then is the code of the account asked (ERC-1271). Malleable forms are refused by ECDSA.
    /// @param signer Whose signature is expected.
    /// @param digest What should be signed.
    /// @param signature 65 bytes of a key, or whatever the signer's contract reads.
    /// @return Whether the signature is the signer's.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        (address recovered, ECDSA.RecoverError fault,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (fault == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return signer.code.length != 0 && SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature);
    }
}
