CREATE TABLE "account_balances" (
	"account" text NOT NULL,
	"currency" text NOT NULL,
	"kind" text NOT NULL,
	"amount_pico" numeric(38, 0) NOT NULL,
	CONSTRAINT "account_balances_account_currency_kind_pk" PRIMARY KEY("account","currency","kind")
);
--> statement-breakpoint
CREATE TABLE "alerts" (
	"id" text PRIMARY KEY NOT NULL,
	"at_ms" bigint NOT NULL,
	"organisation" text NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"detail" json NOT NULL,
	"delivered_at_ms" bigint
);
--> statement-breakpoint
CREATE TABLE "aliases" (
	"name" text PRIMARY KEY NOT NULL,
	"config" json NOT NULL,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" text PRIMARY KEY NOT NULL,
	"at_ms" bigint NOT NULL,
	"organisation" text,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"detail" json
);
--> statement-breakpoint
CREATE TABLE "budget_spends" (
	"budget" text NOT NULL,
	"window" text NOT NULL,
	"spent_pico" numeric(38, 0) NOT NULL,
	CONSTRAINT "budget_spends_budget_window_pk" PRIMARY KEY("budget","window")
);
--> statement-breakpoint
CREATE TABLE "budgets" (
	"id" text PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"scope_id" text NOT NULL,
	"amount_pico" numeric(38, 0) NOT NULL,
	"currency" text NOT NULL,
	"window" text NOT NULL,
	"hard" boolean NOT NULL,
	"alert_percents" json NOT NULL,
	"webhook" text,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "captures" (
	"operation" text PRIMARY KEY NOT NULL,
	"at_ms" bigint NOT NULL,
	"project" text NOT NULL,
	"user" text,
	"request" text NOT NULL,
	"reply" text NOT NULL,
	"expires_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "counters" (
	"name" text PRIMARY KEY NOT NULL,
	"value" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "entries" (
	"posting" text NOT NULL,
	"line" integer NOT NULL,
	"account" text NOT NULL,
	"currency" text NOT NULL,
	"amount_pico" numeric(38, 0) NOT NULL,
	CONSTRAINT "entries_posting_line_pk" PRIMARY KEY("posting","line")
);
--> statement-breakpoint
CREATE TABLE "fx_rates" (
	"id" text PRIMARY KEY NOT NULL,
	"base" text NOT NULL,
	"quote" text NOT NULL,
	"rate_pico" numeric(38, 0) NOT NULL,
	"effective_from_ms" bigint NOT NULL,
	"source" text,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invoice_lines" (
	"invoice" text NOT NULL,
	"line" integer NOT NULL,
	"description" text NOT NULL,
	"operations" bigint NOT NULL,
	"amount_pico" numeric(38, 0) NOT NULL,
	CONSTRAINT "invoice_lines_invoice_line_pk" PRIMARY KEY("invoice","line")
);
--> statement-breakpoint
CREATE TABLE "invoices" (
	"id" text PRIMARY KEY NOT NULL,
	"organisation" text,
	"project" text,
	"period" text NOT NULL,
	"currency" text NOT NULL,
	"subtotal_pico" numeric(38, 0) NOT NULL,
	"tax_rate" text,
	"tax_pico" numeric(38, 0) NOT NULL,
	"total_pico" numeric(38, 0) NOT NULL,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "journal_segments" (
	"id" text PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "keys" (
	"id" text PRIMARY KEY NOT NULL,
	"project" text NOT NULL,
	"organisation" text NOT NULL,
	"name" text NOT NULL,
	"hash" text NOT NULL,
	"hint" text NOT NULL,
	"rpm" bigint,
	"tpm" bigint,
	"concurrency" bigint,
	"models" json,
	"act_as_user" boolean NOT NULL,
	"approve" boolean NOT NULL,
	"unpriced" boolean NOT NULL,
	"capture" text,
	"expires_at_ms" bigint,
	"revoked_at_ms" bigint,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "milestones" (
	"organisation" text NOT NULL,
	"tokens" bigint NOT NULL,
	"at_ms" bigint NOT NULL,
	CONSTRAINT "milestones_organisation_tokens_pk" PRIMARY KEY("organisation","tokens")
);
--> statement-breakpoint
CREATE TABLE "operations" (
	"id" text NOT NULL,
	"at_ms" bigint NOT NULL,
	"organisation" text NOT NULL,
	"project" text NOT NULL,
	"key" text NOT NULL,
	"user" text,
	"tags" jsonb NOT NULL,
	"surface" text NOT NULL,
	"model" text NOT NULL,
	"deployment" text NOT NULL,
	"stream" boolean NOT NULL,
	"status" text NOT NULL,
	"error_code" text,
	"total_ms" double precision NOT NULL,
	"ttft_ms" double precision,
	"attempts" jsonb NOT NULL,
	"charge_pico" numeric(38, 0),
	"charge_currency" text,
	"sell_price_id" text,
	"holds" jsonb NOT NULL,
	"agent" text,
	"run" text,
	CONSTRAINT "operations_at_ms_id_pk" PRIMARY KEY("at_ms","id")
) PARTITION BY RANGE ("at_ms");
--> statement-breakpoint
-- Days get partitions of their own as they come (partitions.ts); what has none is still taken.
CREATE TABLE "operations_default" PARTITION OF "operations" DEFAULT;
--> statement-breakpoint
CREATE TABLE "organisations" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"timezone" text NOT NULL,
	"capture" text NOT NULL,
	"tag_keys" json NOT NULL,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outcomes" (
	"id" text PRIMARY KEY NOT NULL,
	"at_ms" bigint NOT NULL,
	"project" text NOT NULL,
	"operation" text,
	"run" text,
	"kind" text NOT NULL,
	"value_pico" numeric(38, 0),
	"currency" text,
	"minutes_saved" double precision,
	"idempotency_key" text
);
--> statement-breakpoint
CREATE TABLE "postings" (
	"id" text PRIMARY KEY NOT NULL,
	"at_ms" bigint NOT NULL,
	"kind" text NOT NULL,
	"reference" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prices" (
	"id" text PRIMARY KEY NOT NULL,
	"book" text NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"currency" text NOT NULL,
	"body" json NOT NULL,
	"effective_from_ms" bigint NOT NULL,
	"effective_to_ms" bigint,
	"managed_by" text NOT NULL,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"id" text PRIMARY KEY NOT NULL,
	"organisation" text NOT NULL,
	"name" text NOT NULL,
	"capture" text,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "providers" (
	"name" text PRIMARY KEY NOT NULL,
	"config" json NOT NULL,
	"sealed" text,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "replies" (
	"key" text NOT NULL,
	"path" text NOT NULL,
	"idempotency_key" text NOT NULL,
	"body_hash" text NOT NULL,
	"operation" text NOT NULL,
	"status" integer NOT NULL,
	"sealed" text NOT NULL,
	"expires_at_ms" bigint NOT NULL,
	CONSTRAINT "replies_key_path_idempotency_key_pk" PRIMARY KEY("key","path","idempotency_key")
);
--> statement-breakpoint
CREATE TABLE "rollups" (
	"quarter_ms" bigint NOT NULL,
	"dims" uuid NOT NULL,
	"organisation" text NOT NULL,
	"project" text NOT NULL,
	"key" text NOT NULL,
	"model" text NOT NULL,
	"deployment" text NOT NULL,
	"provider" text NOT NULL,
	"agent" text NOT NULL,
	"currency" text NOT NULL,
	"requests" bigint NOT NULL,
	"attempts" bigint NOT NULL,
	"errors" bigint NOT NULL,
	"estimated" bigint NOT NULL,
	"unreconciled" bigint NOT NULL,
	"unpriced" bigint NOT NULL,
	"input" bigint NOT NULL,
	"cache_read" bigint NOT NULL,
	"cache_write_5m" bigint NOT NULL,
	"cache_write_1h" bigint NOT NULL,
	"cache_storage" bigint NOT NULL,
	"output" bigint NOT NULL,
	"reasoning" bigint NOT NULL,
	"audio_in" bigint NOT NULL,
	"audio_out" bigint NOT NULL,
	"image_in" bigint NOT NULL,
	"image_out" bigint NOT NULL,
	"images" bigint NOT NULL,
	"seconds" bigint NOT NULL,
	"searches" bigint NOT NULL,
	"calls" bigint NOT NULL,
	"cost_pico" numeric(38, 0) NOT NULL,
	"charge_pico" numeric(38, 0) NOT NULL,
	CONSTRAINT "rollups_quarter_ms_dims_pk" PRIMARY KEY("quarter_ms","dims")
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"name" text PRIMARY KEY NOT NULL,
	"value" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tag_rollups" (
	"quarter_ms" bigint NOT NULL,
	"dims" uuid NOT NULL,
	"organisation" text NOT NULL,
	"project" text NOT NULL,
	"key" text NOT NULL,
	"model" text NOT NULL,
	"deployment" text NOT NULL,
	"provider" text NOT NULL,
	"agent" text NOT NULL,
	"currency" text NOT NULL,
	"tags" jsonb NOT NULL,
	"requests" bigint NOT NULL,
	"attempts" bigint NOT NULL,
	"errors" bigint NOT NULL,
	"estimated" bigint NOT NULL,
	"unreconciled" bigint NOT NULL,
	"unpriced" bigint NOT NULL,
	"input" bigint NOT NULL,
	"cache_read" bigint NOT NULL,
	"cache_write_5m" bigint NOT NULL,
	"cache_write_1h" bigint NOT NULL,
	"cache_storage" bigint NOT NULL,
	"output" bigint NOT NULL,
	"reasoning" bigint NOT NULL,
	"audio_in" bigint NOT NULL,
	"audio_out" bigint NOT NULL,
	"image_in" bigint NOT NULL,
	"image_out" bigint NOT NULL,
	"images" bigint NOT NULL,
	"seconds" bigint NOT NULL,
	"searches" bigint NOT NULL,
	"calls" bigint NOT NULL,
	"cost_pico" numeric(38, 0) NOT NULL,
	"charge_pico" numeric(38, 0) NOT NULL,
	CONSTRAINT "tag_rollups_quarter_ms_dims_pk" PRIMARY KEY("quarter_ms","dims")
);
--> statement-breakpoint
CREATE TABLE "usage_totals" (
	"organisation" text PRIMARY KEY NOT NULL,
	"tokens" bigint NOT NULL,
	"requests" bigint NOT NULL,
	"errors" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "wallets" (
	"id" text PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"scope_id" text NOT NULL,
	"currency" text NOT NULL,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_invoice_invoices_id_fk" FOREIGN KEY ("invoice") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_project_projects_id_fk" FOREIGN KEY ("project") REFERENCES "public"."projects"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "keys" ADD CONSTRAINT "keys_organisation_organisations_id_fk" FOREIGN KEY ("organisation") REFERENCES "public"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_organisation_organisations_id_fk" FOREIGN KEY ("organisation") REFERENCES "public"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alerts_by_age" ON "alerts" USING btree ("at_ms","id");--> statement-breakpoint
CREATE INDEX "alerts_undelivered" ON "alerts" USING btree ("at_ms") WHERE delivered_at_ms is null;--> statement-breakpoint
CREATE INDEX "audit_by_age" ON "audit" USING btree ("at_ms","id");--> statement-breakpoint
CREATE INDEX "budgets_by_scope" ON "budgets" USING btree ("scope","scope_id");--> statement-breakpoint
CREATE INDEX "captures_by_user" ON "captures" USING btree ("project","user");--> statement-breakpoint
CREATE INDEX "captures_by_expiry" ON "captures" USING btree ("expires_at_ms");--> statement-breakpoint
CREATE INDEX "entries_by_account" ON "entries" USING btree ("account");--> statement-breakpoint
CREATE INDEX "invoices_by_age" ON "invoices" USING btree ("created_at_ms","id");--> statement-breakpoint
CREATE UNIQUE INDEX "keys_by_hash" ON "keys" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "keys_by_project" ON "keys" USING btree ("project");--> statement-breakpoint
CREATE INDEX "keys_by_age" ON "keys" USING btree ("created_at_ms","id");--> statement-breakpoint
CREATE INDEX "operations_by_id" ON "operations" USING btree ("id");--> statement-breakpoint
CREATE INDEX "operations_by_project" ON "operations" USING btree ("project","at_ms");--> statement-breakpoint
CREATE UNIQUE INDEX "outcomes_once" ON "outcomes" USING btree ("project","idempotency_key");--> statement-breakpoint
CREATE INDEX "outcomes_by_age" ON "outcomes" USING btree ("at_ms","id");--> statement-breakpoint
CREATE INDEX "postings_by_age" ON "postings" USING btree ("at_ms","id");--> statement-breakpoint
CREATE INDEX "postings_by_reference" ON "postings" USING btree ("reference");--> statement-breakpoint
CREATE INDEX "prices_by_model" ON "prices" USING btree ("book","provider","model");--> statement-breakpoint
CREATE INDEX "projects_by_organisation" ON "projects" USING btree ("organisation");--> statement-breakpoint
CREATE INDEX "replies_by_expiry" ON "replies" USING btree ("expires_at_ms");--> statement-breakpoint
CREATE INDEX "rollups_by_organisation" ON "rollups" USING btree ("organisation","quarter_ms");--> statement-breakpoint
CREATE INDEX "tag_rollups_by_organisation" ON "tag_rollups" USING btree ("organisation","quarter_ms");--> statement-breakpoint
CREATE INDEX "wallets_by_scope" ON "wallets" USING btree ("scope","scope_id");