-- A grant of the agent was never reported, and none since: what its token saw is not known (R2). Nobody knows of the grants
-- that are open now, either.
ALTER TABLE limiter_agent ADD COLUMN is_silent INTEGER NOT NULL DEFAULT 0;
