using System.Text;
using System.Text.Json;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Watch;

namespace Kilonova.Kubernetes.Client;

/// <summary>The objects of one kind: reads here, writes in the other half.</summary>
/// <remarks>
/// Writes are shaped by what they guarantee. <c>Update</c> is guarded by version and UID, always. <c>PatchMerge</c>
/// takes a <see cref="Guard"/>. <c>Apply</c> has no guard and says which object it means. <c>Delete</c> names a UID.
/// </remarks>
/// <typeparam name="T">The kind's record.</typeparam>
public sealed partial class Resource<T>
    where T : KubernetesObject
{
    private readonly RequestSender _sender;

    internal Resource(RequestSender sender, KubernetesClientOptions options, ResourceType<T> type)
    {
        _sender = sender;
        Options = options;
        Type = type;
    }

    /// <summary>The kind.</summary>
    public ResourceType<T> Type { get; }

    internal KubernetesClientOptions Options { get; }

    internal ServerFeatures Features => _sender.Features;

    /// <summary>
    /// Reads one object by quorum. Null when the server says that this very object does not exist; a missing CRD or
    /// a proxy's 404 is an error, never "absent".
    /// </summary>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public async Task<T?> GetAsync(NamespacedName key, CancellationToken cancel = default)
    {
        var request = new ApiRequest(HttpMethod.Get, Type.ObjectPath(key), "get", Type.Name, RetryRule.Read) { Target = key, Accept = Type.Accept };
        try
        {
            return await _sender.SendAsync(request, ReadObjectAsync, cancel).ConfigureAwait(false);
        }
        catch (KubernetesException e) when (e.IsObjectAbsent)
        {
            return null;
        }
    }

    /// <summary>Reads the current version of the very object <paramref name="obj"/>; null when it, by UID, is gone.</summary>
    public async Task<T?> ReloadAsync(T obj, CancellationToken cancel = default)
    {
        Guard.RequireUid(obj);
        var current = await GetAsync(NamespacedName.Of(obj), cancel).ConfigureAwait(false);
        return current?.Metadata.Uid == obj.Metadata.Uid ? current : null;
    }

    /// <summary>
    /// Lists everything in the scope at one version, in pages. When the version expires between pages the list starts
    /// over once and then asks for the rest without paging.
    /// </summary>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public async Task<ResourceList<T>> ListAsync(WatchScope scope, ListOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new ListOptions();
        const int pagedTries = 2;
        for (var attempt = 1; ; attempt++)
        {
            var limit = attempt <= pagedTries ? Options.PageSize : 0;
            try
            {
                return await ListPagesAsync(scope, options, limit, cancel).ConfigureAwait(false);
            }
            catch (KubernetesException e) when (e.IsExpired && attempt <= pagedTries)
            {
                // A list must be of one version: pages of two versions can miss an object that was there all the time.
            }
        }
    }

    /// <summary>
    /// Opens one watch from <paramref name="resourceVersion"/>, or from now with <see cref="WatchOptions.SendInitialEvents"/>; returns once the server accepted it. It ends when the
    /// server closes it, which it does every few minutes: use an <c>Informer</c> for one that goes on.
    /// </summary>
    /// <exception cref="KubernetesException">The server refused; <see cref="KubernetesException.IsExpired"/> when the version is too old.</exception>
    public async Task<Watcher<T>> WatchAsync(WatchScope scope, string? resourceVersion, WatchOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new WatchOptions();
        var query = new StringBuilder(Type.ScopePath(scope)).Append("?watch=true&allowWatchBookmarks=true");
        if (options.SendInitialEvents)
        {
            if (resourceVersion is not null)
                throw new ArgumentException("a watch that begins with everything there is has no version to begin from", nameof(resourceVersion));
            query.Append("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
        }
        else
        {
            ArgumentException.ThrowIfNullOrEmpty(resourceVersion);
            query.Append("&resourceVersion=").Append(Uri.EscapeDataString(resourceVersion));
        }

        query
            .Append("&timeoutSeconds=").Append((int)options.Timeout.TotalSeconds);
        AppendSelectors(query, scope, options.LabelSelector, options.FieldSelector);
        var request = new ApiRequest(HttpMethod.Get, query.ToString(), "watch", Type.Name, RetryRule.Never) { Accept = Type.Accept };
        var response = await _sender.OpenAsync(request, cancel).ConfigureAwait(false);
        var stream = await _sender.ReadAsync(request, response, cancel).ConfigureAwait(false);
        return new Watcher<T>(Type, response, stream, options, Options, request.ToString(), cancel);
    }

    private async Task<ResourceList<T>> ListPagesAsync(WatchScope scope, ListOptions options, int limit, CancellationToken cancel)
    {
        var items = new List<T>();
        var failures = new List<DecodeFailure>();
        string? next = null;
        while (true)
        {
            var page = await ListPageAsync(scope, options, limit, next, cancel).ConfigureAwait(false);
            items.AddRange(page.Items);
            failures.AddRange(page.Failures);
            next = page.Meta.Continue;
            if (string.IsNullOrEmpty(next))
                return new ResourceList<T>(items, page.Meta.ResourceVersion ?? "", failures);
        }
    }

    private Task<ListReader<T>> ListPageAsync(WatchScope scope, ListOptions options, int limit, string? next, CancellationToken cancel)
    {
        var query = new StringBuilder(Type.ScopePath(scope)).Append('?');
        if (limit > 0)
            query.Append("limit=").Append(limit);
        if (next is { Length: > 0 })
            query.Append("&continue=").Append(Uri.EscapeDataString(next));
        else if (options.Consistency == ReadConsistency.Cached)
            query.Append("&resourceVersion=0");
        AppendSelectors(query, scope, options.LabelSelector, options.FieldSelector);
        var request = new ApiRequest(HttpMethod.Get, query.ToString().TrimEnd('?'), "list", Type.Name, RetryRule.Read) { Accept = Type.AcceptList };
        return _sender.SendAsync(
            request,
            async (stream, token) =>
            {
                var reader = new ListReader<T>(Type, Options.MaxObjectBytes);
                await reader.ReadAsync(stream, token).ConfigureAwait(false);
                return reader;
            },
            cancel);
    }

    private static void AppendSelectors(StringBuilder query, WatchScope scope, string? labels, string? fields)
    {
        if (scope.Name is { } name)
            fields = fields is null ? $"metadata.name={name}" : $"metadata.name={name},{fields}";
        if (labels is not null)
            query.Append("&labelSelector=").Append(Uri.EscapeDataString(labels));
        if (fields is not null)
            query.Append("&fieldSelector=").Append(Uri.EscapeDataString(fields));
    }

    private async ValueTask<T> ReadObjectAsync(Stream stream, CancellationToken cancel)
    {
        var obj = await JsonSerializer.DeserializeAsync(stream, Type.Json, cancel).ConfigureAwait(false);
        return obj?.Metadata is not null ? Type.Typed(obj) : throw new JsonException("not an object with metadata");
    }
}
