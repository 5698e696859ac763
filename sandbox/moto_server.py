"""Runs moto's server, mended where moto 5.2.5 does otherwise than AWS documents."""

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.server import main
from moto.sqs.models import Queue

# The front door decides, by all that a policy says; moto would refuse what a Deny names, whatever its condition.
FakeBucket.get_permission = lambda self, action, resource: PermissionResult.PERMITTED

# Once versioning is suspended, moto would dispose of the file of a deletion's marker, which has none.
FakeDeleteMarker.dispose = lambda self: None

# Setting other attributes of a queue leaves its policy as it is.
set_attributes = Queue._set_attributes


def set_and_keep_policy(self, attributes, now=None):
    policy = getattr(self, "policy", None)
    set_attributes(self, attributes, now)
    if "Policy" not in attributes:
        self.policy = policy


Queue._set_attributes = set_and_keep_policy

main()
