/** The role of the trusting account, and the user of the trusted account whose key the device holds. */
export const ROLE_NAME = "TopicPublisher";
export const USER_NAME = "topic-publisher";
