using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Watch;

namespace Kilonova.Kubernetes.Cache;

/// <summary>A list that was read as the beginning of a watch (KEP-3157), and the rest of that watch.</summary>
internal sealed class StreamedList<T> : IAsyncDisposable
    where T : KubernetesObject
{
    private readonly Watcher<T> _watch;

    private StreamedList(Watcher<T> watch, IAsyncEnumerator<WatchEvent<T>> rest, ResourceList<T> list)
    {
        _watch = watch;
        Rest = rest;
        List = list;
    }

    public ResourceList<T> List { get; }

    /// <summary>What happens after the list.</summary>
    public IAsyncEnumerator<WatchEvent<T>> Rest { get; }

    /// <summary>Opens the watch and reads until the server says that this is all there was: before that, what did not come is not absent.</summary>
    /// <exception cref="KubernetesException">The server refused.</exception>
    /// <exception cref="KubernetesConnectionException">The connection broke or fell silent before the end.</exception>
    public static async Task<StreamedList<T>> ReadAsync(Resource<T> resource, WatchScope scope, WatchOptions options, CancellationToken cancel)
    {
        var watch = await resource.WatchAsync(scope, null, options, cancel).ConfigureAwait(false);
        var events = watch.GetAsyncEnumerator(CancellationToken.None);
        try
        {
            var items = new Dictionary<NamespacedName, T>();
            var failures = new Dictionary<NamespacedName, DecodeFailure>();
            while (await events.MoveNextAsync().ConfigureAwait(false))
            {
                var happened = events.Current;
                if (happened is { EndsInitialEvents: true, ResourceVersion: { Length: > 0 } version })
                    return new StreamedList<T>(watch, events, new ResourceList<T>([.. items.Values], version, [.. failures.Values]));
                if ((happened.HasObject ? NamespacedName.Of(happened.Object) : happened.Failure?.Key) is not { } key)
                    continue;
                items.Remove(key);
                failures.Remove(key);
                if (happened.Type is WatchEventType.Added or WatchEventType.Modified)
                    items[key] = happened.Object!;
                else if (happened.Failure is { Deleted: false } failure)
                    failures[key] = failure;
            }

            throw new KubernetesConnectionException($"watch {resource.Type.Name}: ended before the end of its list", null);
        }
        catch
        {
            await events.DisposeAsync().ConfigureAwait(false);
            await watch.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Rest.DisposeAsync().ConfigureAwait(false);
        await _watch.DisposeAsync().ConfigureAwait(false);
    }
}
