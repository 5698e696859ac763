from moto.apigateway.models import APIGatewayBackend, RestAPI

# A mock integration needs neither address nor method.
put_integration = APIGatewayBackend.put_integration


def put_integration_without_address(self, *args, uri="", integration_method=None, **rest):
    return put_integration(self, *args, uri=uri, integration_method=integration_method, **rest)


# A method whose security scheme is awsSigv4 asks for IAM authorization.
put_rest_api = APIGatewayBackend.put_rest_api


def put_rest_api_with_authorization(self, function_id, api_doc, *args, **rest):
    api = put_rest_api(self, function_id, api_doc, *args, **rest)
    # After an overwrite the API has another root resource.
    api.root_resource_id = api.get_resource_for_path("/").id
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

# The value of a patch is text: "false" is false.
apply_patch_operations = RestAPI.apply_patch_operations


def apply_patches_with_booleans(self, patch_operations):
    apply_patch_operations(self, patch_operations)
    for patch in patch_operations:
        if patch["path"] == "/disableExecuteApiEndpoint":
            self.disableExecuteApiEndpoint = patch.get("value") == "true"


RestAPI.apply_patch_operations = apply_patches_with_booleans
