export { iot } from "./iot";
export { iotdata } from "./iot-data";
