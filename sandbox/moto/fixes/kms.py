from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend


# A key's ARN names it, too, in what changes its state.
def with_key_id(operation):
    return lambda self, key_id, *args: operation(self, self.get_key_id(key_id), *args)


for name in ("disable_key", "enable_key", "schedule_key_deletion", "cancel_key_deletion"):
    setattr(KmsBackend, name, with_key_id(getattr(KmsBackend, name)))


# A key that is disabled, or waits for its deletion, is not used: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
def require_enabled(self, key_id):
    key = self.keys.get(self.any_id_to_key_id(key_id))
    if key is None or key.key_state == "Enabled":
        return
    code = "DisabledException" if key.key_state == "Disabled" else "KMSInvalidStateException"
    error = JsonRESTError(code, f"{key.arn} is {key.key_state}.")
    error.code = 400
    raise error


def with_enabled_key(operation):
    def use_key(self, *args, **kwargs):
        require_enabled(self, kwargs.get("key_id") or kwargs.get("destination_key_id") or args[0])
        return operation(self, *args, **kwargs)

    return use_key


for name in ("encrypt", "generate_data_key", "sign", "verify", "generate_mac", "verify_mac"):
    setattr(KmsBackend, name, with_enabled_key(getattr(KmsBackend, name)))

decrypt = KmsBackend.decrypt


def decrypt_with_enabled_key(self, ciphertext_blob, *args, **kwargs):
    # A ciphertext begins with the ID of its key.
    used = ciphertext_blob[:36].decode("utf-8", "replace")
    if used in self.keys:
        require_enabled(self, used)
    return decrypt(self, ciphertext_blob, *args, **kwargs)


KmsBackend.decrypt = decrypt_with_enabled_key
