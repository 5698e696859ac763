"""Runs moto's server, mended where moto 5.2.5 does otherwise than AWS documents."""

from moto.apigateway.models import APIGatewayBackend
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

# A mock integration needs neither address nor method.
put_integration = APIGatewayBackend.put_integration


def put_integration_without_address(self, *args, uri="", integration_method=None, **rest):
    return put_integration(self, *args, uri=uri, integration_method=integration_method, **rest)


# A method whose security scheme is awsSigv4 asks for IAM authorization.
put_rest_api = APIGatewayBackend.put_rest_api


def put_rest_api_with_authorization(self, function_id, api_doc, *args, **rest):
    api = put_rest_api(self, function_id, api_doc, *args, **rest)
    schemes = api_doc.get("components", {}).get("securitySchemes", {})
    iam = {name for name, one in schemes.items() if one.get("x-amazon-apigateway-authtype") == "awsSigv4"}
    for path, methods in api_doc["paths"].items():
        for verb, method in methods.items():
            if any(name in iam for scheme in method.get("security", []) for name in scheme):
                resource = api.get_resource_for_path(path)
                resource.resource_methods[verb.upper()].authorization_type = "AWS_IAM"
    return api


APIGatewayBackend.put_integration = put_integration_without_address
APIGatewayBackend.put_rest_api = put_rest_api_with_authorization

main()
