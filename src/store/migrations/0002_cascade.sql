ALTER TABLE "operations" ADD COLUMN "cascade" jsonb;--> statement-breakpoint
ALTER TABLE "rollups" ADD COLUMN "cascade_reflex" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "rollups" ADD COLUMN "cascade_passed" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "rollups" ADD COLUMN "saved_tokens" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "rollups" ADD COLUMN "saved_ms" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "rollups" ADD COLUMN "saved_pico" numeric(38, 0) DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "tag_rollups" ADD COLUMN "cascade_reflex" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "tag_rollups" ADD COLUMN "cascade_passed" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "tag_rollups" ADD COLUMN "saved_tokens" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "tag_rollups" ADD COLUMN "saved_ms" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "tag_rollups" ADD COLUMN "saved_pico" numeric(38, 0) DEFAULT 0 NOT NULL;