from moto.kinesis.models import Consumer, KinesisBackend
from moto.kinesis.responses import KinesisResponse

# A consumer's ARN ends with the time of its creation. It has a policy, too, and policies end with their stream.
init_consumer = Consumer.__init__


def init_consumer_with_time(self, *args, **kwargs):
    init_consumer(self, *args, **kwargs)
    self.consumer_arn += f":{int(self.created.timestamp())}"


Consumer.__init__ = init_consumer_with_time
get_kinesis_policy = KinesisBackend.get_resource_policy
delete_stream = KinesisBackend.delete_stream


def get_policy_of_stream_or_consumer(self, resource_arn):
    if "/consumer/" in resource_arn:
        return self.resource_policies.get(resource_arn, "{}")
    return get_kinesis_policy(self, resource_arn)


def delete_stream_and_policies(self, *args, **kwargs):
    stream = delete_stream(self, *args, **kwargs)
    for arn in [arn for arn in self.resource_policies if arn == stream.arn or arn.startswith(f"{stream.arn}/")]:
        del self.resource_policies[arn]
    return stream


KinesisBackend.get_resource_policy = get_policy_of_stream_or_consumer
KinesisBackend.delete_stream = delete_stream_and_policies

# The tags in a request to create a stream are the stream's.
create_stream = KinesisResponse.create_stream


def create_stream_with_tags(self):
    response = create_stream(self)
    tags = self._get_param("Tags")
    if tags:
        self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), tags)
    return response


KinesisResponse.create_stream = create_stream_with_tags
