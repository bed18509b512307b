/** What to do about an image that expects to run as root, which Pod Security `restricted` does not let any container do. */
export const ROOT_ADVICE =
  "the image seems to expect root, and under Pod Security restricted every container runs as user 1000: end its Dockerfile with `USER 1000`, give that user what it needs " +
  "while building (`COPY --chown=1000:1000 …`, `RUN chown -R 1000:1000 /app`), start no program that changes users (su, gosu), and test it with `docker run --user 1000 --read-only --tmpfs /tmp …`.";

/** What to do where a pod's canary has got out. */
export const CANARY_ADVICE =
  "see whether the cluster's network plugin enforces NetworkPolicies (on EKS: enableNetworkPolicy of the add-on vpc-cni, and its agent's pods in kube-system), and whether egressCanary.target of the platform is nothing that pods may reach.";

/** What to do where a pod's canary has ended without an answer to whether the way out is open. */
export const CANARY_FAILED_ADVICE =
  "see in its last lines why it could not ask (egressCanary.image and egressCanary.target of the platform), or in the pod's events what ended it; whether the pod gets out is not known.";

/** What to do about a container that writes where it may not. */
const READ_ONLY_ADVICE =
  "the container's root is read-only: add the folder that it writes to to writableDirs in berth.yaml, or have it write to /tmp.";

/** What system calls and programs say when they lack the rights of root, in C, Node, Python, Go, Java and shells. */
const LACKS_RIGHTS =
  /permission denied|operation not permitted|\bEACCES\b|\bEPERM\b|AccessDeniedException|must be (run|started) as root|requires root|are you root|not running as root/i;

/** What they say of a read-only file system. */
const READ_ONLY = /read-only file system|\bEROFS\b/i;

/** Further advice that follows from the last words of a container that ended. Empty when they say nothing of the kind. */
export function adviceOn(words: string): string[] {
  const rules: readonly [RegExp, string][] = [
    [LACKS_RIGHTS, ROOT_ADVICE],
    [READ_ONLY, READ_ONLY_ADVICE],
  ];
  return rules.filter(([pattern]) => pattern.test(words)).map(([, advice]) => advice);
}
