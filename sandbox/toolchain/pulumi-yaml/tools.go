//go:build tools

// Pins Pulumi's language host for YAML, which a test runs a YAML program with: go.sum holds the checksum of every module.
package tools

import _ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
