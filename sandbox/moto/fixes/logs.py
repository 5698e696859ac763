from moto.logs.models import LogsBackend, LogStream, logs_backends

# A subscription filter delivers nothing, so nothing arrives where no policy was asked.
LogStream._send_log_events = lambda *args, **kwargs: None

# A subscription filter can name a destination.
put_subscription_filter = LogsBackend.put_subscription_filter


def put_subscription_filter_to_destination(
    self, log_group_name, filter_name, filter_pattern, destination_arn, role_arn
):
    if ":destination:" not in destination_arn:
        return put_subscription_filter(self, log_group_name, filter_name, filter_pattern, destination_arn, role_arn)
    *_, region, account, _type, name = destination_arn.split(":")
    logs_backends[account][region].get_destination(name)
    group = self._find_log_group(log_group_name=log_group_name)
    return group.put_subscription_filter(filter_name, filter_pattern, destination_arn, role_arn)


LogsBackend.put_subscription_filter = put_subscription_filter_to_destination
