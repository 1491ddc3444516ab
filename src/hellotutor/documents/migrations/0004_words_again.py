from django.conf import settings
from django.db import migrations, models

# Of the segments that words are indexed in from here on. Whoever raises it in retrieval/segment_files.py adds a
# migration that does the like of `want_words`, or nothing that was read before is found by its words.
FORMAT = 3


def want_words(apps, schema_editor):
    """Have the words of all that has been read indexed again."""
    versions = apps.get_model("documents", "DocumentVersion").objects.using(schema_editor.connection.alias)
    versions.filter(status__in=("embedding", "indexed")).update(wants_words=True)


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0003_removal_tries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="documentversion",
            name="wants_words",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="documentversion",
            index=models.Index(
                condition=models.Q(("wants_words", True)), fields=["wants_words"], name="version_wants_words"
            ),
        ),
        migrations.RunPython(want_words, migrations.RunPython.noop),
    ]
