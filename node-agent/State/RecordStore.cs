using System.Text.Json;
using System.Text.Json.Serialization;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.State;

/// <summary>The agent's own records and tombstones. Every write is on stable storage when it returns.</summary>
internal sealed class RecordStore(StateDirectory state)
{
    /// <summary>Reads a record; null when there is none.</summary>
    /// <exception cref="InvalidDataException">The file is not a record. Nothing may be concluded from that.</exception>
    public InstanceRecord? Read(string instanceID) => Read(RecordPath(instanceID), AgentJsonContext.Default.InstanceRecord);

    /// <summary>Writes a record.</summary>
    public void Write(InstanceRecord record) =>
        DurableFile.Write(RecordPath(record.InstanceID), JsonSerializer.SerializeToUtf8Bytes(record, AgentJsonContext.Default.InstanceRecord));

    /// <summary>Removes a record.</summary>
    public void Remove(string instanceID) => DurableFile.Delete(RecordPath(instanceID));

    /// <summary>Highest placement number that was removed here; null when none was.</summary>
    public long? TombstoneEpoch(string instanceID) => Read(TombstonePath(instanceID), AgentJsonContext.Default.Tombstone)?.Epoch;

    /// <summary>Closes a placement number and all below it for ever.</summary>
    public void WriteTombstone(string instanceID, long epoch, DateTimeOffset now)
    {
        if (TombstoneEpoch(instanceID) is { } closed && closed >= epoch)
            return;
        DurableFile.Write(TombstonePath(instanceID), JsonSerializer.SerializeToUtf8Bytes(new Tombstone(epoch, now), AgentJsonContext.Default.Tombstone));
    }

    /// <summary>Instance IDs that have a record.</summary>
    public IReadOnlyList<string> Ids() =>
    [
        .. Directory.EnumerateFiles(state.Records, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)!).Where(StateDirectory.IsInstanceID),
    ];

    /// <summary>Removes tombstones from before a time.</summary>
    public void Prune(DateTimeOffset before)
    {
        foreach (var path in Directory.EnumerateFiles(state.Tombstones, "*.json"))
        {
            if (Read(path, AgentJsonContext.Default.Tombstone) is { } tombstone && tombstone.At < before)
                DurableFile.Delete(path);
        }
    }

    private string RecordPath(string instanceID) => Path.Combine(state.Records, StateDirectory.SafeName(instanceID) + ".json");

    private string TombstonePath(string instanceID) => Path.Combine(state.Tombstones, StateDirectory.SafeName(instanceID) + ".json");

    private static T? Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw new InvalidDataException($"{path} is empty.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} cannot be read: {error.Message}", error);
        }
    }
}

/// <summary>What was removed here.</summary>
/// <param name="Epoch">This placement number and all below it never start here again.</param>
/// <param name="At">When it was removed.</param>
internal sealed record Tombstone(long Epoch, DateTimeOffset At);
