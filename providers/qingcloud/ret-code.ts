/** The service's return codes that have a meaning for NICs (docs, `api/error_code`). */
export const RetCode = {
  /** Success. */
  ok: 0,
  /** A required parameter is missing or malformed. */
  malformed: 1100,
  /** Unknown action or wrong value. */
  wrongMethod: 1101,
  /** Unknown access key or wrong signature. */
  authFailure: 1200,
  /** The time stamp is more than 60 s away. */
  expired: 1300,
  /** Not the owner, not permitted, or a state that does not allow it. */
  denied: 1400,
  /** No such resource. */
  notFound: 2100,
  /** The resource exists already. */
  alreadyExists: 2110,
  /** The lease of a resource failed. */
  leaseFailed: 2200,
  /** The end of a lease failed. */
  unleaseFailed: 2300,
  /** The account has not enough money. */
  balance: 2400,
  /** A resource quota, or the rate of API calls. */
  quota: 2500,
  /** The service failed inside. */
  internal: 5000,
  /** The service is busy or timed out inside. */
  busy: 5100,
  /** The back end has not enough resources. */
  noResources: 5200,
  /** The service is being updated. */
  updating: 5300,
  /** A service that this one needs is being updated. */
  dependency: 5400,
  /** The warehouse service is off. */
  noWarehouse: 5500,
  /** The type of disk is not supported. */
  diskType: 5600,
} as const;
