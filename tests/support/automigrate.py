"""A program that migrates its schema by itself when it starts, as GORM's AutoMigrate does it with
PostgreSQL, statement for statement: it looks into information_schema with parameters (the extended
protocol), and then changes what differs from its models, each statement a transaction of its own.
"""

PROGRAM = '''
import os, sys
import psycopg

connection = psycopg.connect(os.environ[sys.argv[1] if len(sys.argv) > 1 else "DATABASE_URL"],
                             autocommit=True)


def one(query, *values):
    return connection.execute(query, values).fetchone()[0]


def has_table(table):
    return one("SELECT count(*) FROM information_schema.tables WHERE table_schema = "
               "CURRENT_SCHEMA() AND table_name = %s AND table_type = %s", table, "BASE TABLE")


def has_column(table, column):
    return one("SELECT count(*) FROM INFORMATION_SCHEMA.columns WHERE table_schema = "
               "CURRENT_SCHEMA() AND table_name = %s AND column_name = %s", table, column)


def has_index(table, index):
    return one("SELECT count(*) FROM pg_indexes WHERE tablename = %s AND indexname = %s AND "
               "schemaname = CURRENT_SCHEMA()", table, index)


def has_constraint(table, constraint):
    return one("SELECT count(*) FROM INFORMATION_SCHEMA.table_constraints WHERE table_schema = "
               "CURRENT_SCHEMA() AND table_name = %s AND constraint_name = %s", table, constraint)


def precision(table, column):
    return one("SELECT numeric_precision FROM information_schema.columns WHERE table_schema = "
               "CURRENT_SCHEMA() AND table_name = %s AND column_name = %s", table, column)


if not has_table("users"):
    connection.execute('CREATE TABLE "users" ("id" bigserial,"created_at" timestamptz,"name" text,'
                       '"email" text NOT NULL,PRIMARY KEY ("id"))')
if not has_index("users", "idx_users_email"):
    connection.execute('CREATE UNIQUE INDEX IF NOT EXISTS "idx_users_email" ON "users" ("email")')
connection.execute("COMMENT ON COLUMN \\"users\\".\\"email\\" IS 'where the bill goes'")
connection.execute('SELECT * FROM "orders" LIMIT 1')
if not has_column("orders", "user_id"):
    connection.execute('ALTER TABLE "orders" ADD "user_id" bigint')
if precision("orders", "total") != 12:
    connection.execute('ALTER TABLE "orders" ALTER COLUMN "total" TYPE numeric(12,2) '
                       'USING "total"::numeric(12,2)')
if not has_constraint("orders", "fk_orders_user"):
    connection.execute('ALTER TABLE "orders" ADD CONSTRAINT "fk_orders_user" FOREIGN KEY '
                       '("user_id") REFERENCES "users"("id") ON DELETE SET NULL')
if not has_index("orders", "idx_orders_user_id"):
    connection.execute('CREATE INDEX IF NOT EXISTS "idx_orders_user_id" ON "orders" ("user_id")')
print("migrated")
'''

# What it starts from.
BEFORE = """
    CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10,2) NOT NULL, note varchar(20));
    CREATE INDEX orders_note ON orders (note);
"""
