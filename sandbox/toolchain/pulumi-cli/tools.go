//go:build tools

// Pins the Pulumi CLI that the sandbox builds where none is installed: go.sum holds the checksum of every module.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
