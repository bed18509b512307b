import { z } from "zod";
import { isCidr } from "../cidr";
import { OBJECT_NAME_PATTERN, checked, text } from "../fields";
import { PROJECT_ID_PATTERN } from "../names";

/* Kinds of values of `berth:platform`. */

export const DOMAIN = "a domain name such as preview.example.com";
const CIDR = "an IPv4 range in CIDR notation, such as 10.0.0.0/16";
const TARGET = "an IPv4 address and a port, such as 10.96.0.1:443";
const OBJECT_NAME = "the name of a Kubernetes object";

export const cidr = () => checked(CIDR, isCidr);
/** One range or several. */
export const ranges = () => z.array(cidr(), "a list of ranges").min(1, "at least one range");
export const target = () =>
  checked(TARGET, (value) => {
    const [address = "", port = "", ...more] = value.split(":");
    return isCidr(`${address}/32`) && /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535 && more.length === 0;
  });
export const objectName = () => text(OBJECT_NAME, OBJECT_NAME_PATTERN);
const LABEL_NAME = "a name of at most 63 lower-case letters, digits and dashes";
export const labelName = () => text(LABEL_NAME, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const PROJECT_ID = "a projectId as berth.yaml has it";
export const projectId = () => text(PROJECT_ID, PROJECT_ID_PATTERN);
