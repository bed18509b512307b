/*
 * The resource types that the stand-in for AWS covers, and which operations of the AWS API stand behind each.
 *
 * A member of an operation goes with the property of the same name, whatever the case and the plural; `names` has those that are called
 * otherwise. A property that the operation for creating takes, and none for changing, needs a new resource when it changes; so does
 * one whose documentation in @pulumi/aws says that it "forces new resource".
 */

/** How the properties of a type and the members of the API belong together. */
export interface CoveredType {
  /** Operation that creates, as `service.Operation`. */
  create: string;
  /**
   * Operations that change. Without them nothing is concluded from what cannot be changed.
   *
   * @default none
   */
  updates?: string[];
  /**
   * Member of the API by property, both as paths: `resourcesVpcConfig.subnetIds`.
   *
   * @default the members of the same name
   */
  names?: Record<string, string>;
  /**
   * Properties that need a new resource although neither the operations nor the documentation tell.
   *
   * @default none
   */
  replaces?: string[];
  /**
   * Properties that can change although no operation of `updates` has a member of their name.
   *
   * @default none
   */
  changeable?: string[];
}

/** A rule of a security group as ModifySecurityGroupRules takes it: all but the group can change. */
const securityGroupRule = {
  cidrIpv4: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.CidrIpv4",
  cidrIpv6: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.CidrIpv6",
  description: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.Description",
  fromPort: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.FromPort",
  ipProtocol: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.IpProtocol",
  prefixListId: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.PrefixListId",
  referencedSecurityGroupId: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.ReferencedGroupId",
  toPort: "ec2.ModifySecurityGroupRules:SecurityGroupRules.SecurityGroupRule.ToPort",
};

/** The covered types by token. */
export const coveredTypes: Record<string, CoveredType> = {
  "aws:autoscaling/tag:Tag": {
    create: "autoscaling.CreateOrUpdateTags",
    names: { autoscalingGroupName: "Tags.ResourceId", tag: "Tags" },
    replaces: ["autoscalingGroupName", "tag.key"],
  },

  "aws:cloudwatch/eventRule:EventRule": {
    create: "events.PutRule",
    names: { description: "Description" },
    replaces: ["name", "namePrefix", "eventBusName"],
  },
  "aws:cloudwatch/eventTarget:EventTarget": {
    create: "events.PutTargets",
    names: {
      rule: "Rule",
      targetId: "Targets.Id",
      arn: "Targets.Arn",
      roleArn: "Targets.RoleArn",
      input: "Targets.Input",
    },
    replaces: ["rule", "targetId", "eventBusName"],
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    create: "logs.CreateLogGroup",
    updates: ["logs.PutRetentionPolicy", "logs.AssociateKmsKey", "logs.PutLogGroupDeletionProtection"],
    names: { name: "logGroupName", retentionInDays: "logs.PutRetentionPolicy:retentionInDays" },
    replaces: ["name", "namePrefix", "logGroupClass"],
  },
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {
    create: "logs.PutResourcePolicy",
    replaces: ["policyName"],
  },

  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    create: "ec2.AuthorizeSecurityGroupIngress",
    replaces: ["vpcId"],
  },
  "aws:ec2/eip:Eip": {
    create: "ec2.AllocateAddress",
    updates: ["ec2.AssociateAddress"],
    replaces: ["domain"],
  },
  "aws:ec2/flowLog:FlowLog": {
    create: "ec2.CreateFlowLogs",
    updates: ["ec2.CreateTags"],
    names: { iamRoleArn: "DeliverLogsPermissionArn" },
    replaces: ["vpcId", "subnetId", "eniId", "transitGatewayId", "transitGatewayAttachmentId", "iamRoleArn"],
  },
  "aws:ec2/internetGateway:InternetGateway": { create: "ec2.CreateInternetGateway" },
  "aws:ec2/launchTemplate:LaunchTemplate": {
    create: "ec2.CreateLaunchTemplate",
    names: {
      name: "LaunchTemplateName",
      description: "VersionDescription",
      ...launchTemplateData(
        "blockDeviceMappings",
        "capacityReservationSpecification",
        "cpuOptions",
        "creditSpecification",
        "disableApiStop",
        "disableApiTermination",
        "ebsOptimized",
        "enclaveOptions",
        "hibernationOptions",
        "imageId",
        "instanceInitiatedShutdownBehavior",
        "instanceMarketOptions",
        "keyName",
        "maintenanceOptions",
        "metadataOptions",
        "monitoring",
        "networkInterfaces",
        "placement",
        "privateDnsNameOptions",
        "tagSpecifications",
        "userData",
      ),
      vpcSecurityGroupIds: "LaunchTemplateData.SecurityGroupIds",
    },
    replaces: ["name", "namePrefix"],
  },
  "aws:ec2/natGateway:NatGateway": {
    create: "ec2.CreateNatGateway",
    updates: ["ec2.AssociateNatGatewayAddress", "ec2.AssignPrivateNatGatewayAddress"],
    // A changed first address makes another gateway; AssociateNatGatewayAddress adds further ones only.
    replaces: ["allocationId", "subnetId", "connectivityType", "privateIp"],
    changeable: ["secondaryAllocationIds", "secondaryPrivateIpAddresses", "secondaryPrivateIpAddressCount"],
  },
  "aws:ec2/route:Route": {
    create: "ec2.CreateRoute",
    updates: ["ec2.ReplaceRoute"],
    replaces: ["routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"],
  },
  "aws:ec2/routeTable:RouteTable": {
    create: "ec2.CreateRouteTable",
    updates: ["ec2.CreateRoute", "ec2.EnableVgwRoutePropagation"],
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    create: "ec2.AssociateRouteTable",
    updates: ["ec2.ReplaceRouteTableAssociation"],
    names: { subnetId: "SubnetId", gatewayId: "GatewayId" },
  },
  "aws:ec2/securityGroup:SecurityGroup": {
    create: "ec2.CreateSecurityGroup",
    updates: ["ec2.AuthorizeSecurityGroupIngress"],
    names: { name: "GroupName" },
    replaces: ["name", "namePrefix", "description", "vpcId"],
  },
  "aws:ec2/securityGroupRule:SecurityGroupRule": {
    create: "ec2.AuthorizeSecurityGroupIngress",
    updates: ["ec2.UpdateSecurityGroupRuleDescriptionsIngress"],
    changeable: ["description"],
    replaces: [
      "cidrBlocks",
      "fromPort",
      "ipv6CidrBlocks",
      "prefixListIds",
      "protocol",
      "securityGroupId",
      "self",
      "sourceSecurityGroupId",
      "toPort",
      "type",
    ],
  },
  "aws:ec2/subnet:Subnet": {
    create: "ec2.CreateSubnet",
    updates: ["ec2.ModifySubnetAttribute", "ec2.AssociateSubnetCidrBlock"],
  },
  "aws:ec2/subnetCidrReservation:SubnetCidrReservation": {
    create: "ec2.CreateSubnetCidrReservation",
    updates: ["ec2.CreateTags"],
    names: { cidrBlock: "Cidr" },
  },
  "aws:ec2/tag:Tag": { create: "ec2.CreateTags", names: { resourceId: "Resources" }, replaces: ["resourceId", "key"] },
  "aws:ec2/vpc:Vpc": {
    create: "ec2.CreateVpc",
    updates: ["ec2.ModifyVpcAttribute", "ec2.AssociateVpcCidrBlock", "ec2.ModifyVpcTenancy"],
    replaces: ["cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"],
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    create: "ec2.CreateVpcEndpoint",
    updates: ["ec2.ModifyVpcEndpoint"],
    names: { policy: "PolicyDocument" },
    // Of an interface endpoint; others have no such name.
    changeable: ["policy", "privateDnsEnabled", "routeTableIds", "subnetIds", "securityGroupIds"],
  },
  "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": {
    create: "ec2.ModifyVpcEndpoint",
    replaces: ["routeTableId", "vpcEndpointId"],
  },
  "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation": {
    create: "ec2.ModifyVpcEndpoint",
    replaces: ["subnetId", "vpcEndpointId"],
  },

  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    create: "ecr.PutLifecyclePolicy",
    names: { repository: "repositoryName" },
    replaces: ["repository"],
  },
  "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": {
    create: "ecr.CreatePullThroughCacheRule",
    updates: ["ecr.UpdatePullThroughCacheRule"],
    replaces: ["ecrRepositoryPrefix", "upstreamRegistryUrl", "upstreamRepositoryPrefix"],
  },
  "aws:ecr/registryPolicy:RegistryPolicy": { create: "ecr.PutRegistryPolicy" },
  "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": {
    create: "ecr.PutRegistryScanningConfiguration",
  },
  "aws:ecr/repository:Repository": {
    create: "ecr.CreateRepository",
    updates: ["ecr.PutImageTagMutability", "ecr.PutImageScanningConfiguration"],
    names: { name: "repositoryName", encryptionConfigurations: "encryptionConfiguration" },
    replaces: ["name", "encryptionConfigurations"],
  },
  "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": {
    create: "ecr.CreateRepositoryCreationTemplate",
    updates: ["ecr.UpdateRepositoryCreationTemplate"],
    names: { encryptionConfigurations: "encryptionConfiguration" },
    replaces: ["prefix"],
  },
  "aws:ecr/repositoryPolicy:RepositoryPolicy": {
    create: "ecr.SetRepositoryPolicy",
    names: { repository: "repositoryName", policy: "policyText" },
    replaces: ["repository"],
  },

  "aws:eks/accessEntry:AccessEntry": {
    create: "eks.CreateAccessEntry",
    updates: ["eks.UpdateAccessEntry"],
    names: { userName: "username" },
    replaces: ["clusterName", "principalArn"],
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    create: "eks.AssociateAccessPolicy",
    replaces: ["clusterName", "policyArn", "principalArn", "accessScope"],
  },
  "aws:eks/addon:Addon": {
    create: "eks.CreateAddon",
    updates: ["eks.UpdateAddon"],
    names: {
      resolveConflictsOnCreate: "resolveConflicts",
      resolveConflictsOnUpdate: "eks.UpdateAddon:resolveConflicts",
    },
    replaces: ["clusterName", "addonName"],
    changeable: ["resolveConflictsOnCreate"],
  },
  "aws:eks/cluster:Cluster": {
    create: "eks.CreateCluster",
    updates: ["eks.UpdateClusterConfig", "eks.UpdateClusterVersion"],
    names: {
      vpcConfig: "resourcesVpcConfig",
      enabledClusterLogTypes: "logging.clusterLogging.types",
      defaultAddonsToRemoves: "-",
    },
    // The operation that changes a cluster takes these in its shapes, but can be given to a new cluster only (EKS API reference,
    // KubernetesNetworkConfigRequest and CreateAccessConfigRequest).
    replaces: [
      "name",
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
      "bootstrapSelfManagedAddons",
      "kubernetesNetworkConfig.ipFamily",
      "kubernetesNetworkConfig.serviceIpv4Cidr",
    ],
    changeable: ["encryptionConfig", "enabledClusterLogTypes", "vpcConfig"],
  },
  "aws:eks/nodeGroup:NodeGroup": {
    create: "eks.CreateNodegroup",
    updates: ["eks.UpdateNodegroupConfig", "eks.UpdateNodegroupVersion"],
    names: { nodeGroupName: "nodegroupName", nodeRoleArn: "nodeRole", subnetIds: "subnets" },
    replaces: ["clusterName", "nodeGroupName", "nodeGroupNamePrefix", "launchTemplate.id", "launchTemplate.name"],
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    create: "eks.CreatePodIdentityAssociation",
    updates: ["eks.UpdatePodIdentityAssociation"],
    replaces: ["clusterName"],
  },

  "aws:iam/instanceProfile:InstanceProfile": {
    create: "iam.CreateInstanceProfile",
    updates: ["iam.AddRoleToInstanceProfile"],
    names: { name: "InstanceProfileName", role: "iam.AddRoleToInstanceProfile:RoleName" },
    replaces: ["name", "namePrefix"],
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    create: "iam.CreateOpenIDConnectProvider",
    updates: ["iam.UpdateOpenIDConnectProviderThumbprint", "iam.AddClientIDToOpenIDConnectProvider"],
    names: { clientIdLists: "ClientIDList", thumbprintLists: "ThumbprintList" },
    changeable: ["clientIdLists"],
  },
  "aws:iam/policy:Policy": {
    create: "iam.CreatePolicy",
    updates: ["iam.CreatePolicyVersion"],
    names: { name: "PolicyName", policy: "PolicyDocument" },
    replaces: ["name", "namePrefix"],
    changeable: ["delayAfterPolicyCreationInMs"],
  },
  "aws:iam/role:Role": {
    create: "iam.CreateRole",
    updates: ["iam.UpdateRole", "iam.UpdateAssumeRolePolicy", "iam.PutRolePermissionsBoundary"],
    names: { name: "RoleName", assumeRolePolicy: "AssumeRolePolicyDocument" },
    replaces: ["name", "namePrefix"],
    changeable: ["assumeRolePolicy"],
  },
  "aws:iam/rolePolicy:RolePolicy": {
    create: "iam.PutRolePolicy",
    names: { name: "PolicyName", policy: "PolicyDocument", role: "RoleName" },
    replaces: ["name", "namePrefix", "role"],
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    create: "iam.AttachRolePolicy",
    names: { role: "RoleName" },
    replaces: ["role", "policyArn"],
  },

  "aws:kms/alias:Alias": {
    create: "kms.CreateAlias",
    updates: ["kms.UpdateAlias"],
    names: { name: "AliasName" },
    replaces: ["name", "namePrefix"],
  },
  "aws:kms/key:Key": {
    create: "kms.CreateKey",
    updates: ["kms.UpdateKeyDescription", "kms.PutKeyPolicy", "kms.EnableKeyRotation"],
    names: {
      customerMasterKeySpec: "KeySpec",
      deletionWindowInDays: "kms.ScheduleKeyDeletion:PendingWindowInDays",
      rotationPeriodInDays: "kms.EnableKeyRotation:RotationPeriodInDays",
    },
    changeable: ["bypassPolicyLockoutSafetyCheck"],
  },

  "aws:s3/bucket:Bucket": { create: "s3.CreateBucket", replaces: ["bucket", "bucketPrefix", "objectLockEnabled"] },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    create: "s3.PutBucketLifecycleConfiguration",
    names: { rules: "LifecycleConfiguration.Rules" },
    replaces: ["bucket"],
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    create: "s3.PutBucketOwnershipControls",
    names: { "rule.objectOwnership": "OwnershipControls.Rules.ObjectOwnership" },
    replaces: ["bucket"],
  },
  "aws:s3/bucketPolicy:BucketPolicy": { create: "s3.PutBucketPolicy", replaces: ["bucket"] },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": { create: "s3.PutPublicAccessBlock", replaces: ["bucket"] },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    create: "s3.PutBucketEncryption",
    names: {
      rules: "ServerSideEncryptionConfiguration.Rules",
      "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId":
        "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault.KMSMasterKeyID",
    },
    replaces: ["bucket"],
  },
  "aws:s3/bucketVersioning:BucketVersioning": { create: "s3.PutBucketVersioning", replaces: ["bucket"] },

  "aws:sqs/queue:Queue": { create: "sqs.CreateQueue", replaces: ["name", "namePrefix", "fifoQueue"] },
  "aws:sqs/queuePolicy:QueuePolicy": { create: "sqs.SetQueueAttributes", replaces: ["queueUrl"] },

  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
    create: "ec2.AuthorizeSecurityGroupEgress",
    updates: ["ec2.ModifySecurityGroupRules"],
    names: securityGroupRule,
    changeable: Object.keys(securityGroupRule),
    replaces: ["securityGroupId"],
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    create: "ec2.AuthorizeSecurityGroupIngress",
    updates: ["ec2.ModifySecurityGroupRules"],
    names: securityGroupRule,
    changeable: Object.keys(securityGroupRule),
    replaces: ["securityGroupId"],
  },
};

function launchTemplateData(...properties: string[]): Record<string, string> {
  return Object.fromEntries(properties.map((name) => [name, `LaunchTemplateData.${name}`]));
}
