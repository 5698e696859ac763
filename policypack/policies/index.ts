// Each file registers its policy when it is loaded, in this order.
import "./no-wildcard-principals";
import "./known-at-preview";
import "./trust-needs-mfa-or-external-id";
import "./only-listed-accounts";
import "./service-principal-needs-source";
import "./federated-trust-needs-subject";
import "./exemptions-in-use";
