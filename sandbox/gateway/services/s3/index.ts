export { s3 } from "./s3";
export { s3control } from "./s3-control";
