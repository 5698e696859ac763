//go:build tools

// Pins actionlint, which npm test lints the workflows with: go.sum holds the checksum of every module.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
