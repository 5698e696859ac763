import type { OpenValue } from "./open-values";
import type { Scope } from "./templates";

/** One value somewhere in a resource's properties; `parent` leads back to the top. */
export interface DocumentPlace {
  value: unknown;
  /** Nearest property name: elements of a list, and the content of a JSON string, keep the name they stand under. */
  key: string;
  /** This step's part of the path: `.Statement`, `[2]`, or nothing for the content of a JSON string. */
  step: string;
  /** Type that declares the property, as {@link typeKey} writes it: the resource's, or that of one inside a template. */
  type: string;
  /** Property of that type which the value is part of. */
  property: string;
  parent: DocumentPlace | undefined;
  depth: number;
  /** Inside the program's own data: only policy documents are found there. */
  isData: boolean;
  /** Values of a template's references at this place. */
  scope: Scope;
  /** Elements of the value, kept once they are read: an object can have thousands that name principals. */
  elements?: Map<string, unknown[]>;
}

/** A principal: `kind` is the key it stands under (AWS, Service, ...), `text` is undefined while unknown. */
export interface StatementPrincipal {
  kind: string;
  text: string | undefined;
}

/** A statement of a policy document, or a property such as a Lambda permission's `principal` written as one. */
export interface FoundStatement {
  /** The place in words: `property policy, statement "Public" (1 of 2)`. */
  where: string;
  /** In a policy document, not a property outside one. */
  isInDocument: boolean;
  /** Part of a role's trust policy. */
  isTrust: boolean;
  /** False for Deny alone: an effect that cannot be read as Deny counts as Allow. */
  allows: boolean;
  /** Actions in lower case, and resources, as far as they are texts. */
  actions: string[];
  resources: string[];
  hasNotAction: boolean;
  hasNotResource: boolean;
  /** The list that the statement is in: statements of one list decide together. */
  list: unknown;
  principals: StatementPrincipal[];
  /** The statement has a Principal element that names someone. */
  hasPrincipal: boolean;
  /** Text of NotPrincipal, where there is one. */
  notPrincipal: string | undefined;
  conditions: unknown[];
}

/** Everything about access in one resource: see {@link findAccess}. */
export interface FoundAccess {
  statements: FoundStatement[];
  openValues: { place: DocumentPlace; rule: OpenValue }[];
  malformed: { place: DocumentPlace; problem: string }[];
  unknown: DocumentPlace[];
}
