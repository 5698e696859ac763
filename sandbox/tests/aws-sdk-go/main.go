// A client of the AWS SDK for Go v2, as the official Pulumi AWS plugin is one. It takes endpoint, Region and keys from the
// environment's AWS profile, does what its first argument says and prints the result as JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func pathStyle(options *s3.Options) { options.UsePathStyle = true }

var operations = map[string]func(context.Context, aws.Config, []string) (any, error){
	// ACCOUNT ARN
	"list-tags": func(ctx context.Context, cfg aws.Config, args []string) (any, error) {
		output, err := s3control.NewFromConfig(cfg).ListTagsForResource(ctx, &s3control.ListTagsForResourceInput{
			AccountId: &args[0], ResourceArn: &args[1],
		})
		if err != nil {
			return nil, err
		}
		return output.Tags, nil
	},
	// ACCOUNT ARN KEY VALUE
	"tag": func(ctx context.Context, cfg aws.Config, args []string) (any, error) {
		return s3control.NewFromConfig(cfg).TagResource(ctx, &s3control.TagResourceInput{
			AccountId: &args[0], ResourceArn: &args[1], Tags: []controltypes.Tag{{Key: &args[2], Value: &args[3]}},
		})
	},
	// ACCOUNT ARN KEY
	"untag": func(ctx context.Context, cfg aws.Config, args []string) (any, error) {
		return s3control.NewFromConfig(cfg).UntagResource(ctx, &s3control.UntagResourceInput{
			AccountId: &args[0], ResourceArn: &args[1], TagKeys: []string{args[2]},
		})
	},
	// BUCKET KEY VALUE
	"create-bucket": func(ctx context.Context, cfg aws.Config, args []string) (any, error) {
		return s3.NewFromConfig(cfg, pathStyle).CreateBucket(ctx, &s3.CreateBucketInput{
			Bucket: &args[0],
			ACL:    types.BucketCannedACLPrivate,
			CreateBucketConfiguration: &types.CreateBucketConfiguration{
				LocationConstraint: types.BucketLocationConstraint(cfg.Region),
				Tags:               []types.Tag{{Key: &args[1], Value: &args[2]}},
			},
		})
	},
	// BUCKET. The Region, as the provider finds it: by a request without a signature.
	"bucket-region": func(ctx context.Context, cfg aws.Config, args []string) (any, error) {
		cfg.Credentials = aws.AnonymousCredentials{}
		_, err := s3.NewFromConfig(cfg, pathStyle).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &args[0]})
		var response *smithyhttp.ResponseError
		if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusForbidden {
			return nil, fmt.Errorf("expected a refusal; found %v", err)
		}
		return response.Response.Header.Get("X-Amz-Bucket-Region"), nil
	},
	// API. The policy, read as the provider reads it: a quoted Go string without its quotes.
	"api-policy": func(ctx context.Context, cfg aws.Config, args []string) (any, error) {
		output, err := apigateway.NewFromConfig(cfg).GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &args[0]})
		if err != nil {
			return nil, err
		}
		policy, err := strconv.Unquote(`"` + aws.ToString(output.Policy) + `"`)
		if err != nil {
			return nil, err
		}
		return json.RawMessage(policy), nil
	},
}

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	var result any
	if err == nil {
		result, err = operations[os.Args[1]](ctx, cfg, os.Args[2:])
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
