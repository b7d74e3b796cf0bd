CREATE TABLE "reflex_blocks" (
	"model" text NOT NULL,
	"version" bigint NOT NULL,
	"part" text NOT NULL,
	"position" integer NOT NULL,
	"bytes" "bytea" NOT NULL,
	CONSTRAINT "reflex_blocks_model_version_part_position_pk" PRIMARY KEY("model","version","part","position")
);
--> statement-breakpoint
CREATE TABLE "reflex_changes" (
	"model" text NOT NULL,
	"id" bigint NOT NULL,
	"change" json NOT NULL,
	CONSTRAINT "reflex_changes_model_id_pk" PRIMARY KEY("model","id")
);
--> statement-breakpoint
CREATE TABLE "reflex_models" (
	"model" text PRIMARY KEY NOT NULL,
	"project" text NOT NULL,
	"active" bigint NOT NULL,
	"last_version" bigint NOT NULL,
	"last_change" bigint NOT NULL,
	"created_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reflex_versions" (
	"model" text NOT NULL,
	"version" bigint NOT NULL,
	"hash" text NOT NULL,
	"created_at_ms" bigint NOT NULL,
	"facts" json NOT NULL,
	CONSTRAINT "reflex_versions_model_version_pk" PRIMARY KEY("model","version")
);
--> statement-breakpoint
ALTER TABLE "reflex_blocks" ADD CONSTRAINT "reflex_blocks_model_reflex_models_model_fk" FOREIGN KEY ("model") REFERENCES "public"."reflex_models"("model") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reflex_changes" ADD CONSTRAINT "reflex_changes_model_reflex_models_model_fk" FOREIGN KEY ("model") REFERENCES "public"."reflex_models"("model") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reflex_versions" ADD CONSTRAINT "reflex_versions_model_reflex_models_model_fk" FOREIGN KEY ("model") REFERENCES "public"."reflex_models"("model") ON DELETE cascade ON UPDATE no action;