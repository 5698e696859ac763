import { access } from "./access/command";
import { runCommandLine } from "./command-line";
import { deployerPolicy } from "./deployer-policy/command";
import { explain } from "./explain/command";
import { handover } from "./handover/command";
import { newScenario } from "./new-scenario/command";
import { report } from "./report/command";
import { verify } from "./verify/command";

void runCommandLine([verify, access, report, explain, handover, deployerPolicy, newScenario]);
