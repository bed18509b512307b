import { PolicyPack } from "@pulumi/policy";
import { families } from "./families";

new PolicyPack("berth", { policies: families.flatMap(({ policies }) => policies) });
