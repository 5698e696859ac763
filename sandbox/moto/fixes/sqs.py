from moto.sqs.models import Queue

# Setting other attributes of a queue leaves its policy as it is.
set_attributes = Queue._set_attributes


def set_and_keep_policy(self, attributes, now=None):
    policy = getattr(self, "policy", None)
    set_attributes(self, attributes, now)
    if "Policy" not in attributes:
        self.policy = policy


Queue._set_attributes = set_and_keep_policy
