import json

from flask import request
from moto.core.responses import EmptyResult
from moto.iam.exceptions import (
    DeleteConflictException,
    EntityAlreadyExists,
    LimitExceededException,
    ValidationError,
)
from moto.iam.models import Group, IAMBackend, InstanceProfile, Role, User
from moto.iam.policy_validation import BaseIAMPolicyValidator, IAMPolicyDocumentValidator
from moto.iam.responses import IamResponse
from moto.iam.utils import generate_access_key_id_from_account_id

# A policy's version may be left out, or be 2008-10-17.
BaseIAMPolicyValidator._validate_version = lambda self: None
# A condition's value may be a number. The gateway has checked the conditions before.
IAMPolicyDocumentValidator._validate_condition_syntax = staticmethod(lambda statement: None)

# The gateway asks for single users, roles, groups and policies after a change, not for the whole account.
get_account_details = IAMBackend.get_account_authorization_details


def get_named_details(self, policy_filter):
    details = get_account_details(self, policy_filter)
    names = request.headers.get("x-sandbox-entities")
    if names is None:
        return details
    named = json.loads(names)
    return {
        kind: [one for one in found if (one.arn if kind == "managed_policies" else one.name) in named.get(kind, [])]
        for kind, found in details.items()
    }


IAMBackend.get_account_authorization_details = get_named_details


# A unique ID says what it belongs to: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
def with_unique_id(entity, prefix):
    init = entity.__init__

    def init_with_unique_id(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.id = generate_access_key_id_from_account_id(self.account_id, prefix, total_length=21)

    entity.__init__ = init_with_unique_id


for entity, prefix in ((User, "AIDA"), (Group, "AGPA"), (InstanceProfile, "AIPA")):
    with_unique_id(entity, prefix)

# A user has a permissions boundary, as a role has.
User.permissions_boundary_arn = None
User.permissions_boundary = Role.permissions_boundary
create_user = IamResponse.create_user


def create_user_with_boundary(self):
    response = create_user(self)
    self.backend.get_user(self._get_param("UserName")).permissions_boundary_arn = self._get_param("PermissionsBoundary")
    return response


def set_user_permissions_boundary(self):
    user = self.backend.get_user(self._get_param("UserName"))
    user.permissions_boundary_arn = self._get_param("PermissionsBoundary")
    return EmptyResult()


IamResponse.create_user = create_user_with_boundary
IamResponse.put_user_permissions_boundary = set_user_permissions_boundary
IamResponse.delete_user_permissions_boundary = set_user_permissions_boundary

# To change the length of a role's sessions alone leaves its description as it is.
update_role = IAMBackend.update_role


def update_role_and_keep_description(self, role_name, role_description, max_session_duration):
    kept = self.get_role(role_name).description if role_description is None else role_description
    return update_role(self, role_name, kept, max_session_duration)


IAMBackend.update_role = update_role_and_keep_description


# Both operations succeed where there is nothing to do.
def add_client_id(self):
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client_id = self._get_param("ClientID")
    if client_id not in provider.client_id_list:
        provider.client_id_list = [*provider.client_id_list, client_id]
    return EmptyResult()


def remove_client_id(self):
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client_id = self._get_param("ClientID")
    provider.client_id_list = [known for known in provider.client_id_list if known != client_id]
    return EmptyResult()


IamResponse.add_client_id_to_open_id_connect_provider = add_client_id
IamResponse.remove_client_id_from_open_id_connect_provider = remove_client_id

# Names have a length, and are not distinguished by case; and a user is in ten groups at most:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
GROUPS_OF_A_USER = 10


def with_distinct_names(kind, longest, all_of):
    create = getattr(IamResponse, f"create_{kind}")

    def create_with_distinct_name(self):
        name = self._get_param(f"{kind.capitalize()}Name")
        if len(name) > longest:
            constraint = f"Member must have length less than or equal to {longest}"
            raise ValidationError(
                f"1 validation error detected: Value at '{kind}Name' failed to satisfy constraint: {constraint}"
            )
        if any(one.name != name and one.name.lower() == name.lower() for one in all_of(self.backend)):
            raise EntityAlreadyExists(f"{kind.capitalize()} with name {name} already exists.")
        return create(self)

    setattr(IamResponse, f"create_{kind}", create_with_distinct_name)


with_distinct_names("role", 64, lambda backend: backend.get_roles())
with_distinct_names("user", 64, lambda backend: backend.users.values())
with_distinct_names("group", 128, lambda backend: backend.groups.values())
add_user_to_group = IAMBackend.add_user_to_group


def add_user_to_few_groups(self, group_name, user_name):
    user = self.get_user(user_name)
    others = [group for group in self.groups.values() if user in group.users and group.name != group_name]
    if len(others) >= GROUPS_OF_A_USER:
        raise LimitExceededException(f"Cannot exceed quota for GroupsPerUser: {GROUPS_OF_A_USER}")
    return add_user_to_group(self, group_name, user_name)


IAMBackend.add_user_to_group = add_user_to_few_groups

# A group that has something is not deleted: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
delete_group = IAMBackend.delete_group


def delete_empty_group(self, group_name):
    group = self.get_group(group_name)
    for held, first in (
        (group.users, "remove users from group"),
        (group.policies, "delete policies"),
        (group.managed_policies, "detach all policies"),
    ):
        if held:
            raise DeleteConflictException(f"Cannot delete entity, must {first} first.")
    return delete_group(self, group_name)


IAMBackend.delete_group = delete_empty_group
