from django.db import migrations

# Until now there was one index and one model: whoever has vectors has these.
_ONLY = {"place": "local", "model": "minilm/all-MiniLM-L6-v2", "version": "int8-1", "dimensions": 384}


def adopt(apps, schema_editor):
    """Note that the vectors of a library that has some are in force; no file is touched."""
    versions = apps.get_model("documents", "DocumentVersion").objects.using(schema_editor.connection.alias)
    sets = apps.get_model("retrieval", "VectorSet").objects.using(schema_editor.connection.alias)
    if versions.filter(passages_embedded__gt=0).exists():
        sets.create(**_ONLY, state="in_force")


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0003_removal_tries"),
        ("retrieval", "0001_vector_sets"),
    ]

    operations = [migrations.RunPython(adopt, migrations.RunPython.noop)]
