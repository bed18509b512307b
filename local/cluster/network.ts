import { sep } from "node:path";

import { cniStateDir } from "./components";
import { planNetwork, policyQueue } from "./plan";
import type { ClusterFolder, ClusterSpec } from "./spec";

/** How netfilter hands packets to the NetworkPolicy agent: by nftables itself, or by iptables' NFQUEUE target. */
export type QueueWay = "nftables" | "iptables";

const shell = (script: string): string[] => ["/bin/sh", "-euc", script];
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Mounts that keep a node's global paths apart from the machine's: /run is empty and in memory, /var is a folder of the
 * cluster. They exist in the node's mount namespace only.
 *
 * @param keep folders that must stay visible even if they lie below /var.
 */
export function mountSetup(folder: ClusterFolder, keep: readonly string[]): string[][] {
  const hidden = keep.filter((path) => path.startsWith(`/var${sep}`));
  const aside = (i: number): string => `/run/berth-keep/${i}`;
  return [
    shell("mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run"),
    ...hidden.map((path, i) => shell(`mkdir -p ${aside(i)} && mount --rbind ${quote(path)} ${aside(i)}`)),
    shell(
      `mkdir -p ${quote(folder.nodeVar)}/lib/kubelet ${quote(folder.nodeVar)}/lib/cni ${quote(folder.nodeVar)}/log ` +
        `${quote(folder.nodeVar)}/tmp && mount --bind ${quote(folder.nodeVar)} /var && ln -sfn /run /var/run`,
    ),
    ...hidden.map((path, i) =>
      shell(`mkdir -p ${quote(path)} && mount --rbind ${aside(i)} ${quote(path)} && umount -l ${aside(i)}`),
    ),
    // Addresses of the pods of the node's last life are free again: their network namespaces are gone.
    shell(`mount -t tmpfs -o mode=700,nosuid,nodev,noexec tmpfs ${cniStateDir}`),
    shell(
      "mkdir -p /run/netns && mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs /run/netns && mount --make-shared /run/netns",
    ),
  ];
}

/**
 * Rules that hand every new connection from or to a pod to the NetworkPolicy agent. Without `bypass`: while the agent is
 * down, nothing new passes. Traffic of the node itself to its pods (probes) goes through OUTPUT and is not asked about.
 *
 * A packet from the bridge with an address outside the pods' range is forged. IPv6 is off for pods, as the cluster gives out
 * no such addresses and link-local ones would escape the policies.
 */
export function policyRules(spec: ClusterSpec, way: QueueWay): string[][] {
  const { bridge, podCidr } = planNetwork(spec.index);
  if (way === "nftables") {
    return [
      shell(
        `nft -f - <<'END'\n${[
          "table inet berth-policy {",
          "  chain judge {",
          `    iifname "${bridge}" meta nfproto ipv6 drop`,
          `    oifname "${bridge}" meta nfproto ipv6 drop`,
          `    iifname "${bridge}" ip saddr != ${podCidr} drop`,
          `    iifname "${bridge}" ct state { new, invalid, untracked } queue num ${policyQueue}`,
          `    oifname "${bridge}" ct state { new, invalid, untracked } queue num ${policyQueue}`,
          "  }",
          "  chain forward { type filter hook forward priority filter; policy accept; jump judge; }",
          "  chain input { type filter hook input priority filter; policy accept; jump judge; }",
          "}",
        ].join("\n")}\nEND`,
      ),
    ];
  }
  const queue = `-j NFQUEUE --queue-num ${policyQueue}`;
  const undecided = "-m conntrack ! --ctstate ESTABLISHED,RELATED";
  return [
    shell(
      `iptables-restore -w --noflush <<'END'\n${[
        "*filter",
        ":BERTH-POLICY - [0:0]",
        `-A BERTH-POLICY -i ${bridge} ! -s ${podCidr} -j DROP`,
        `-A BERTH-POLICY -i ${bridge} ${undecided} ${queue}`,
        `-A BERTH-POLICY -o ${bridge} ${undecided} ${queue}`,
        "-A FORWARD -j BERTH-POLICY",
        "-A INPUT -j BERTH-POLICY",
        "COMMIT",
      ].join("\n")}\nEND`,
    ),
    shell(
      `ip6tables-restore -w --noflush <<'END'\n${[
        "*filter",
        `-A FORWARD -i ${bridge} -j DROP`,
        `-A FORWARD -o ${bridge} -j DROP`,
        `-A INPUT -i ${bridge} -j DROP`,
        "COMMIT",
      ].join("\n")}\nEND`,
    ),
  ];
}

/** Interfaces, addresses and kernel settings inside the node's network namespace. */
export function interfaceSetup(spec: ClusterSpec): string[][] {
  const network = planNetwork(spec.index);
  return [
    shell(
      [
        "sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1",
        "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
      ].join(" && "),
    ),
    // A process of the node itself, such as the API server calling a webhook, needs a route to a Service's address before
    // netfilter turns it into a pod's.
    shell(
      `ip link add ${network.bridge} type bridge && ip addr add ${network.podGateway}/24 dev ${network.bridge} && ` +
        `ip link set ${network.bridge} up && ip route add ${network.serviceCidr} dev ${network.bridge}`,
    ),
    // The machine's side has put one end of a veth pair here before.
    shell(
      `ip addr add ${network.nodeAddress}/${network.linkPrefix} dev ${network.nodeInterface} && ` +
        `ip link set ${network.nodeInterface} up`,
    ),
    ...(spec.internet ? [shell(`ip route replace default via ${network.hostAddress}`)] : []),
  ];
}

/** Everything that runs inside a real node's namespaces before its components. */
export function nodeSetup(
  spec: ClusterSpec,
  folder: ClusterFolder,
  keepVisible: readonly string[],
  way: QueueWay,
): string[][] {
  return [...mountSetup(folder, [folder.root, ...keepVisible]), ...policyRules(spec, way), ...interfaceSetup(spec)];
}
