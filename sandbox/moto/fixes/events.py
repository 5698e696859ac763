from moto.events.models import EventBus, EventBusPolicyStatement, Rule

# Of a rule's targets only its archive receives the events, so nothing arrives where no policy was asked.
send_to_targets = Rule.send_to_targets


def send_to_archive(self, *args, **kwargs):
    targets = self.targets
    self.targets = [target for target in targets if target["Arn"].endswith(":::")]
    try:
        send_to_targets(self, *args, **kwargs)
    finally:
        self.targets = targets


Rule.send_to_targets = send_to_archive


# A permission of an event bus replaces the one of the same statement ID, and a whole policy all of them; who is everyone
# is written as an asterisk: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
def add_event_bus_permission(self, statement_id, action, principal, condition):
    everyone = principal["AWS"].endswith("::*:root")
    self._statements[statement_id] = EventBusPolicyStatement(
        sid=statement_id,
        action=action,
        principal="*" if everyone else principal,
        condition=condition,
        resource=self.arn,
    )


class WrittenStatement(dict):
    describe = dict.copy


def set_event_bus_policy(self, policy):
    statements = policy["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    self._statements = {one.get("Sid", str(at)): WrittenStatement(one) for at, one in enumerate(listed)}


EventBus.add_permission = add_event_bus_permission
EventBus.add_policy = set_event_bus_policy
